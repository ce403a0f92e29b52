-- For prosody 0.12: offers what later ones offer by themselves, a login bound to TLS 1.3 by its exporter (RFC 9266), and names
-- it (XEP-0440). SCRAM is prosody's own, the exporter OpenSSL's.
module:hook("stream-features", function(event)
	local origin, features = event.origin, event.features;
	if origin.username or not origin.encrypted then return end
	local socket = origin.conn:socket();
	if socket:info().protocol ~= "TLSv1.3" then return end
	origin.sasl_handler:add_cb_handler("tls-exporter", function()
		return (socket:exportkeyingmaterial("EXPORTER-Channel-Binding", 32, ""));
	end);
	features:get_child("mechanisms", "urn:ietf:params:xml:ns:xmpp-sasl"):tag("mechanism"):text("SCRAM-SHA-1-PLUS"):reset();
	features:tag("sasl-channel-binding", { xmlns = "urn:xmpp:sasl-cb:0" }):tag("channel-binding", { type = "tls-exporter" }):reset();
end, -1);
