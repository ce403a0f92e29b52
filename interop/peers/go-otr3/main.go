// One end of a conversation spoken by the Go package otr3, driven line by line (see ../../PROTOCOL.md).
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/twstrike/otr3"
)

const protocol = "interop"

var (
	out  = bufio.NewWriter(os.Stdout)
	conv = &otr3.Conversation{Rand: rand.Reader}
	key  otr3.PrivateKey
	// During `end` the package reports the loss of privacy that the user has asked for.
	ending bool
)

func die(words ...interface{}) {
	fmt.Fprintln(os.Stderr, append([]interface{}{"go-otr3 driver:"}, words...)...)
	os.Exit(2)
}

func enc(data []byte) string {
	if len(data) == 0 {
		return "-"
	}
	return hex.EncodeToString(data)
}

func dec(word string) []byte {
	if word == "-" {
		return []byte{}
	}
	data, err := hex.DecodeString(word)
	if err != nil {
		panic("bad-hex")
	}
	return data
}

func say(format string, args ...interface{}) { fmt.Fprintf(out, format+"\n", args...) }

// host answers everything the package asks of its user.
type host struct{}

func (host) HandleSMPEvent(e otr3.SMPEvent, percent int, question string) {
	switch e {
	case otr3.SMPEventAskForSecret:
		say("event smp-asked")
	case otr3.SMPEventAskForAnswer:
		say("event smp-asked %s", enc([]byte(question)))
	case otr3.SMPEventSuccess:
		say("event smp-success")
	case otr3.SMPEventFailure:
		say("event smp-failure")
	case otr3.SMPEventAbort:
		say("event smp-aborted")
	case otr3.SMPEventCheated:
		say("event smp-cheated")
	case otr3.SMPEventError:
		say("event note smp-error")
	}
}

func (host) HandleMessageEvent(e otr3.MessageEvent, message []byte, err error, trace ...interface{}) {
	switch e {
	case otr3.MessageEventEncryptionRequired:
		say("refused encryption-required")
	case otr3.MessageEventEncryptionError:
		say("refused encryption-error")
	case otr3.MessageEventConnectionEnded:
		say("refused finished")
	case otr3.MessageEventSetupError:
		say("event note setup-error %v", err)
	case otr3.MessageEventReceivedMessageNotInPrivate:
		say("event unreadable not-in-private")
	case otr3.MessageEventReceivedMessageUnreadable:
		say("event unreadable")
	case otr3.MessageEventReceivedMessageMalformed:
		say("event unreadable malformed")
	case otr3.MessageEventLogHeartbeatReceived:
		say("event heartbeat")
	case otr3.MessageEventReceivedMessageGeneralError:
		say("event error %s", enc(message))
	case otr3.MessageEventReceivedMessageForOtherInstance:
		say("event other-instance")
	default:
		say("event note %v", e)
	}
}

func (host) HandleErrorMessage(code otr3.ErrorCode) []byte { return []byte(code.String()) }

func (host) HandleSecurityEvent(e otr3.SecurityEvent) {
	switch {
	case e == otr3.GoneSecure:
		say("event encrypted")
	case e == otr3.StillSecure:
		say("event refreshed")
	case !ending:
		say("event finished")
	}
}

func (host) ReceivedSymmetricKey(usage uint32, data []byte, key []byte) {
	say("event extrakey %08x %s %s", usage, enc(data), enc(key))
}

// field opens a private field of the conversation for reading and writing: the package has a handler for received
// extra keys and a clock for heartbeats, but no way to reach either from outside.
func field(name string) reflect.Value {
	f := reflect.ValueOf(conv).Elem().FieldByName(name)
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
}

func state() string { return []string{"plaintext", "encrypted", "finished"}[field("msgState").Int()] }

func version() int {
	v := field("version")
	if v.IsNil() || state() != "encrypted" {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(v.Elem().Type().Name(), "otrV"))
	return n
}

func auth() string {
	ake := field("ake")
	if ake.IsNil() || ake.Elem().FieldByName("state").IsNil() {
		return "none"
	}
	switch name := ake.Elem().FieldByName("state").Elem().Type().Name(); name {
	case "authStateAwaitingDHKey":
		return "awaiting-dhkey"
	case "authStateAwaitingRevealSig":
		return "awaiting-revealsig"
	case "authStateAwaitingSig":
		return "awaiting-sig"
	default:
		return "none"
	}
}

func showState() {
	ssid, half := "-", "-"
	if conv.IsEncrypted() {
		id := conv.GetSSID()
		ssid = enc(id[:])
		_, bold := conv.SecureSessionID()
		half = []string{"first", "second"}[bold]
	}
	theirs := "-"
	if their := conv.GetTheirKey(); their != nil && !reflect.ValueOf(their).IsNil() {
		theirs = enc(their.Fingerprint())
	}
	say("state %s version=%d ssid=%s half=%s ours=%s theirs=%s trust=- auth=%s", state(), version(), ssid, half,
		enc(key.PublicKey().Fingerprint()), theirs, auth())
	say("instance ours=%08x theirs=%08x %s auth=%s version=%d", field("ourInstanceTag").Uint(),
		field("theirInstanceTag").Uint(), state(), auth(), version())
}

func wire(messages []otr3.ValidMessage, err error) {
	for _, m := range messages {
		say("wire %s", enc(m))
	}
	if err != nil {
		say("event note %v", err)
	}
}

func receive(message []byte) {
	plain, answers, err := conv.Receive(otr3.ValidMessage(message))
	// An empty private text is a heartbeat and has been told by its event.
	if private := bytes.HasPrefix(message, []byte("?OTR")); private && len(plain) > 0 {
		say("text %s", enc(plain))
	} else if !private && plain != nil {
		say("clear %s", enc(plain))
	}
	wire(answers, err)
}

func send(text []byte) {
	messages, err := conv.Send(otr3.ValidMessage(text))
	if err != nil && state() != "finished" {
		say("refused %v", err)
		err = nil
	}
	wire(messages, err)
}

func caps() {
	say("caps v2 v3 query tag simultaneous smp question extrakey heartbeat heartbeat-due fragment end refresh-ask " +
		"instances keyfile state-ssid")
	say("cannot v1 the package does not know version 1")
	say("cannot abort there is no call to abort SMP; a second smp aborts the first")
	say("cannot refresh-answer a query within a minute of the last change of state is ignored; it can ask for one itself")
	say("cannot simultaneous-win with the higher hash it repeats its commit but then awaits a Reveal Signature")
	say("cannot heartbeat-now no call for it; heartbeat sends an empty text without the flag")
	say("cannot fragment-64k lengths are counted in 16 bits: a message over 65535 bytes is cut wrongly")
	say("cannot query-pieces a piece with a comma in its body, as in libotr's long query, is refused")
	say("cannot smp-fourth-message after a failed check it sends an abort instead, and that with a body")
	say("cannot to one conversation knows one instance of the correspondent")
}

func obey(line string) (more bool) {
	words := strings.SplitN(line, " ", 3)
	arg := func(i int) []byte {
		if len(words) <= i {
			return nil
		}
		return dec(words[i])
	}
	defer func() {
		if e := recover(); e != nil {
			more = true
			say("refused panic %v", e)
		}
	}()
	private := func() bool {
		if !conv.IsEncrypted() {
			say("refused not-private")
		}
		return conv.IsEncrypted()
	}
	switch words[0] {
	case "quit":
		return false
	case "caps":
		caps()
	case "start":
		say("wire %s", enc(conv.QueryMessage()))
	case "say":
		send(arg(1))
	case "recv":
		receive(arg(1))
	case "smp":
		if private() {
			wire(conv.StartAuthenticate(string(arg(2)), arg(1)))
		}
	case "answer":
		if private() {
			wire(conv.ProvideAuthenticationSecret(arg(1)))
		}
	case "extrakey":
		if private() {
			use, _ := strconv.ParseUint(words[1], 16, 32)
			k, messages, err := conv.UseExtraSymmetricKey(uint32(use), arg(2))
			say("extrakey %s", enc(k))
			wire(messages, err)
		}
	case "heartbeat":
		if !private() {
			break
		}
		if len(words) > 1 && words[1] == "due" {
			reflect.NewAt(reflect.TypeOf(time.Time{}),
				unsafe.Pointer(field("heartbeat").FieldByName("lastSent").UnsafeAddr())).Elem().Set(reflect.ValueOf(time.Time{}))
		} else {
			send([]byte{})
		}
	case "end":
		ending = true
		wire(conv.End())
		ending = false
	case "tick":
	case "state":
		showState()
	default:
		say("cannot %s the package has no such call", words[0])
	}
	return true
}

func loadKey(path, me string) {
	if accounts, err := otr3.ImportKeysFromFile(path); path != "" && err == nil && len(accounts) > 0 {
		key = accounts[0].Key
		return
	}
	fresh := &otr3.DSAPrivateKey{}
	if err := fresh.Generate(rand.Reader); err != nil {
		die("cannot make a key:", err)
	}
	key = fresh
	if path != "" {
		if err := otr3.ExportKeysToFile([]*otr3.Account{{Name: me, Protocol: protocol, Key: key}}, path); err != nil {
			die("cannot write the key:", err)
		}
	}
}

func number(value string, base, bits int) uint64 {
	n, err := strconv.ParseUint(value, base, bits)
	if err != nil {
		die("bad number", value)
	}
	return n
}

func main() {
	if len(os.Args) < 3 {
		die("usage: driver ME PEER [versions=23] [fragment=N] [policy=P] [instance=HEX8] [keyfile=PATH]")
	}
	args := map[string]string{"versions": "23", "policy": "manual", "fragment": "0", "instance": "", "keyfile": ""}
	for _, a := range os.Args[3:] {
		pair := strings.SplitN(a, "=", 2)
		if _, known := args[pair[0]]; !known || len(pair) != 2 {
			die("bad argument", a)
		}
		args[pair[0]] = pair[1]
	}
	if strings.Contains(args["versions"], "2") {
		conv.Policies.AllowV2()
	}
	if strings.Contains(args["versions"], "3") {
		conv.Policies.AllowV3()
	}
	switch args["policy"] {
	case "manual":
	case "always":
		conv.Policies.RequireEncryption()
		conv.Policies.WhitespaceStartAKE()
		conv.Policies.ErrorStartAKE()
	case "opportunistic":
		conv.Policies.ErrorStartAKE()
		fallthrough
	case "tag":
		conv.Policies.SendWhitespaceTag()
		conv.Policies.WhitespaceStartAKE()
	default:
		die("no such policy:", args["policy"])
	}
	if n := number(args["fragment"], 10, 32); n <= 0xffff {
		conv.SetFragmentSize(uint16(n))
	}
	if args["instance"] != "" {
		conv.InitializeInstanceTag(uint32(number(args["instance"], 16, 32)))
	}
	loadKey(args["keyfile"], os.Args[1])
	conv.SetOurKeys([]otr3.PrivateKey{key})
	conv.SetSMPEventHandler(host{})
	conv.SetMessageEventHandler(host{})
	conv.SetErrorMessageHandler(host{})
	conv.SetSecurityEventHandler(host{})
	field("receivedKeyHandler").Set(reflect.ValueOf(host{}))

	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<16), 1<<26)
	for in.Scan() && obey(in.Text()) {
		say("done")
		out.Flush()
	}
}
