/* One end of a conversation spoken by libotr 4.1, driven line by line (see ../../PROTOCOL.md).
 * Everything libotr wants to send or tell is printed while the command that caused it is running. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <gcrypt.h>
#include <libotr/proto.h>
#include <libotr/userstate.h>
#include <libotr/privkey.h>
#include <libotr/message.h>
#include <libotr/instag.h>

static OtrlUserState us;
static OtrlPolicy policy;
static const char *me, *peer;
static const char *const PROTOCOL = "interop";
static int carrier_limit;
static int decrypted;             /* set when the message being read was opened with session keys */
static otrl_instag_t to = OTRL_INSTAG_BEST;

static void die(const char *why, const char *what) {
    fprintf(stderr, "libotr driver: %s %s\n", why, what);
    exit(2);
}

/* ---- hex ---- */

static void put_hex(const void *data, size_t n) {
    const unsigned char *p = data;
    if (n == 0) putchar('-');
    for (size_t i = 0; i < n; i++) printf("%02x", p[i]);
}

static void line_hex(const char *word, const void *data, size_t n) {
    printf("%s ", word);
    put_hex(data, n);
    putchar('\n');
}

static int nibble(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/* A NUL-terminated copy of the bytes; NULL if the text is no hex. */
static char *from_hex(const char *hex, size_t *n) {
    size_t len = strcmp(hex, "-") == 0 ? 0 : strlen(hex);
    char *out = malloc(len / 2 + 1);
    if (!out || len % 2) { free(out); return NULL; }
    for (size_t i = 0; i < len; i += 2) {
        int hi = nibble(hex[i]), lo = nibble(hex[i + 1]);
        if (hi < 0 || lo < 0) { free(out); return NULL; }
        out[i / 2] = (char)(hi << 4 | lo);
    }
    out[len / 2] = 0;
    *n = len / 2;
    return out;
}

/* ---- what libotr asks of its host ---- */

static OtrlPolicy on_policy(void *d, ConnContext *c) { (void)d; (void)c; return policy; }
static int on_logged_in(void *d, const char *a, const char *p, const char *r) {
    (void)d; (void)a; (void)p; (void)r;
    return 1;
}
static void on_inject(void *d, const char *a, const char *p, const char *r, const char *m) {
    (void)d; (void)a; (void)p; (void)r;
    if (*m) line_hex("wire", m, strlen(m));
}
static int on_limit(void *d, ConnContext *c) { (void)d; (void)c; return carrier_limit; }
static void on_secure(void *d, ConnContext *c) { (void)d; (void)c; puts("event encrypted"); }
static void on_still_secure(void *d, ConnContext *c, int reply) {
    (void)d; (void)c; (void)reply;
    puts("event refreshed");
}
static void on_symkey(void *d, ConnContext *c, unsigned int use, const unsigned char *data, size_t n,
                      const unsigned char *key) {
    (void)d; (void)c;
    printf("event extrakey %08x ", use);
    put_hex(data, n);
    putchar(' ');
    put_hex(key, OTRL_EXTRAKEY_BYTES);
    putchar('\n');
}
static const char *on_error_words(void *d, ConnContext *c, OtrlErrorCode code) {
    (void)d; (void)c;
    switch (code) {
    case OTRL_ERRCODE_ENCRYPTION_ERROR: return "encryption error";
    case OTRL_ERRCODE_MSG_NOT_IN_PRIVATE: return "not in private";
    case OTRL_ERRCODE_MSG_UNREADABLE: return "unreadable";
    case OTRL_ERRCODE_MSG_MALFORMED: return "malformed";
    default: return "unknown";
    }
}
static void on_error_words_free(void *d, const char *words) { (void)d; (void)words; }
static void on_convert(void *d, ConnContext *c, OtrlConvertType type, char **dest, const char *src) {
    (void)d; (void)c;
    if (type == OTRL_CONVERT_RECEIVING) decrypted = 1;
    *dest = strdup(src);
}
static void on_convert_free(void *d, ConnContext *c, char *text) { (void)d; (void)c; free(text); }
static void on_timer(void *d, unsigned int seconds) { (void)d; printf("event note timer %u\n", seconds); }

static void on_message_event(void *d, OtrlMessageEvent e, ConnContext *c, const char *m, gcry_error_t err) {
    (void)d; (void)c;
    switch (e) {
    case OTRL_MSGEVENT_ENCRYPTION_REQUIRED: puts("refused encryption-required"); break;
    case OTRL_MSGEVENT_ENCRYPTION_ERROR: puts("refused encryption-error"); break;
    case OTRL_MSGEVENT_CONNECTION_ENDED: puts("refused finished"); break;
    case OTRL_MSGEVENT_SETUP_ERROR: printf("event note setup-error %s\n", gcry_strerror(err)); break;
    case OTRL_MSGEVENT_MSG_REFLECTED: puts("event note reflected"); break;
    case OTRL_MSGEVENT_MSG_RESENT: puts("event note resent"); break;
    case OTRL_MSGEVENT_RCVDMSG_NOT_IN_PRIVATE: puts("event unreadable not-in-private"); break;
    case OTRL_MSGEVENT_RCVDMSG_UNREADABLE: puts("event unreadable"); break;
    case OTRL_MSGEVENT_RCVDMSG_MALFORMED: puts("event unreadable malformed"); break;
    case OTRL_MSGEVENT_LOG_HEARTBEAT_RCVD: puts("event heartbeat"); break;
    case OTRL_MSGEVENT_LOG_HEARTBEAT_SENT: puts("event note heartbeat-sent"); break;
    case OTRL_MSGEVENT_RCVDMSG_GENERAL_ERR: line_hex("event error", m ? m : "", m ? strlen(m) : 0); break;
    case OTRL_MSGEVENT_RCVDMSG_UNENCRYPTED:
        puts("event note unencrypted");
        line_hex("clear", m ? m : "", m ? strlen(m) : 0);
        break;
    case OTRL_MSGEVENT_RCVDMSG_UNRECOGNIZED: puts("event note unrecognized"); break;
    case OTRL_MSGEVENT_RCVDMSG_FOR_OTHER_INSTANCE: puts("event other-instance"); break;
    default: break;
    }
}

static void on_smp(void *d, OtrlSMPEvent e, ConnContext *c, unsigned short percent, char *question);
static void on_instag(void *d, const char *a, const char *p);
static void on_privkey(void *d, const char *a, const char *p) { (void)d; die("no key for", a); (void)p; }

static const OtrlMessageAppOps ops = {
    .policy = on_policy, .create_privkey = on_privkey, .is_logged_in = on_logged_in, .inject_message = on_inject,
    .gone_secure = on_secure, .still_secure = on_still_secure, .max_message_size = on_limit,
    .received_symkey = on_symkey, .otr_error_message = on_error_words, .otr_error_message_free = on_error_words_free,
    .handle_smp_event = on_smp, .handle_msg_event = on_message_event, .create_instag = on_instag,
    .convert_msg = on_convert, .convert_free = on_convert_free, .timer_control = on_timer,
};

static void on_smp(void *d, OtrlSMPEvent e, ConnContext *c, unsigned short percent, char *question) {
    (void)d; (void)percent;
    switch (e) {
    case OTRL_SMPEVENT_ASK_FOR_SECRET: puts("event smp-asked"); break;
    case OTRL_SMPEVENT_ASK_FOR_ANSWER: line_hex("event smp-asked", question, strlen(question)); break;
    case OTRL_SMPEVENT_SUCCESS: puts("event smp-success"); break;
    case OTRL_SMPEVENT_FAILURE: puts("event smp-failure"); break;
    case OTRL_SMPEVENT_ABORT: puts("event smp-aborted"); break;
    /* For the next two libotr's header tells the host to abort by itself. */
    case OTRL_SMPEVENT_CHEATED: puts("event smp-cheated"); otrl_message_abort_smp(us, &ops, NULL, c); break;
    case OTRL_SMPEVENT_ERROR:
        puts("event note smp-error");
        otrl_message_abort_smp(us, &ops, NULL, c);
        break;
    default: break;
    }
}

static void on_instag(void *d, const char *a, const char *p) {
    (void)d;
    FILE *f = fopen("/dev/null", "w");
    if (!f || otrl_instag_generate_FILEp(us, f, a, p)) die("cannot make an instance tag for", a);
    fclose(f);
}

/* ---- start-up ---- */

static void load_key(const char *path) {
    FILE *f = path ? fopen(path, "r") : NULL;
    if (!f) {
        f = path ? fopen(path, "w+") : tmpfile();
        if (!f || otrl_privkey_generate_FILEp(us, f, me, PROTOCOL)) die("cannot make a key", path ? path : "");
        rewind(f);
    }
    if (otrl_privkey_read_FILEp(us, f)) die("cannot read the key", path ? path : "");
    fclose(f);
}

/* The chosen tag travels through libotr's own file format, the only door to a fixed tag. */
static void load_instance(const char *tag) {
    FILE *f = tmpfile();
    if (!f) die("no temporary file for", tag);
    fprintf(f, "# instance tags\n%s\t%s\t%s\n", me, PROTOCOL, tag);
    rewind(f);
    if (otrl_instag_read_FILEp(us, f) || !otrl_instag_find(us, me, PROTOCOL)) die("bad instance tag", tag);
    fclose(f);
}

static OtrlPolicy policy_of(const char *versions, const char *name) {
    OtrlPolicy p = 0;
    if (strchr(versions, '1')) p |= OTRL_POLICY_ALLOW_V1;
    if (strchr(versions, '2')) p |= OTRL_POLICY_ALLOW_V2;
    if (strchr(versions, '3')) p |= OTRL_POLICY_ALLOW_V3;
    if (strcmp(name, "manual") == 0) return p;
    if (strcmp(name, "tag") == 0) return p | OTRL_POLICY_SEND_WHITESPACE_TAG | OTRL_POLICY_WHITESPACE_START_AKE;
    if (strcmp(name, "opportunistic") == 0)
        return p | OTRL_POLICY_SEND_WHITESPACE_TAG | OTRL_POLICY_WHITESPACE_START_AKE | OTRL_POLICY_ERROR_START_AKE;
    if (strcmp(name, "always") == 0)
        return p | OTRL_POLICY_REQUIRE_ENCRYPTION | OTRL_POLICY_WHITESPACE_START_AKE | OTRL_POLICY_ERROR_START_AKE;
    die("no such policy:", name);
    return 0;
}

/* ---- commands ---- */

static ConnContext *context(void) {
    return otrl_context_find(us, peer, me, PROTOCOL, to, 0, NULL, NULL, NULL);
}

static void send_text(const char *text) {
    char *out = NULL;
    gcry_error_t err = otrl_message_sending(us, &ops, NULL, me, PROTOCOL, peer, to, text, NULL, &out,
                                            OTRL_FRAGMENT_SEND_ALL, NULL, NULL, NULL);
    if (err) printf("refused %s\n", gcry_strerror(err));
    else if (!out) line_hex("wire", text, strlen(text));
    if (out) otrl_message_free(out);
}

static void receive(const char *message) {
    char *text = NULL;
    OtrlTLV *tlvs = NULL;
    decrypted = 0;
    int internal = otrl_message_receiving(us, &ops, NULL, me, PROTOCOL, peer, message, &text, &tlvs, NULL, NULL, NULL);
    /* Text for the user comes before the end of the conversation that may travel with it. */
    if (!internal) {
        const char *shown = text ? text : message;
        /* An empty replacement stands for "nothing to show": the event has already told why. */
        if (decrypted || *shown) line_hex(decrypted ? "text" : "clear", shown, strlen(shown));
    }
    if (otrl_tlv_find(tlvs, OTRL_TLV_DISCONNECTED)) puts("event finished");
    otrl_tlv_free(tlvs);
    if (text) otrl_message_free(text);
}

static const char *state_name(const ConnContext *c) {
    static const char *const names[] = { "plaintext", "encrypted", "finished" };
    return names[c->msgstate];
}

static const char *auth_name(const ConnContext *c) {
    static const char *const names[] = { "none", "awaiting-dhkey", "awaiting-revealsig", "awaiting-sig", "v1-setup" };
    return names[c->auth.authstate];
}

static void show_state(void) {
    unsigned char own[20];
    ConnContext *c = context();
    int private = c && c->msgstate == OTRL_MSGSTATE_ENCRYPTED;
    printf("state %s version=%u ssid=", c ? state_name(c) : "plaintext", private ? c->protocol_version : 0);
    put_hex(private ? c->sessionid : own, private ? c->sessionid_len : 0);
    printf(" half=%s ours=", !private ? "-" : c->sessionid_half == OTRL_SESSIONID_FIRST_HALF_BOLD ? "first" : "second");
    put_hex(own, otrl_privkey_fingerprint_raw(us, own, me, PROTOCOL) ? 20 : 0);
    Fingerprint *f = c ? c->active_fingerprint : NULL;
    printf(" theirs=");
    put_hex(f ? f->fingerprint : own, f ? 20 : 0);
    printf(" trust=%s auth=%s\n", f && f->trust && *f->trust ? f->trust : "-", c ? auth_name(c) : "none");
    for (c = us->context_root; c; c = c->next) {
        if (strcmp(c->username, peer)) continue;
        printf("instance ours=%08x theirs=%08x %s auth=%s version=%u\n", c->our_instance, c->their_instance,
               state_name(c), auth_name(c), c->protocol_version);
    }
}

static void smp(char *rest, int answer) {
    ConnContext *c = context();
    size_t n, qn;
    char *question_hex = strchr(rest, ' ');
    if (question_hex) *question_hex++ = 0;
    char *secret = from_hex(rest, &n), *question = question_hex ? from_hex(question_hex, &qn) : NULL;
    if (!c || c->msgstate != OTRL_MSGSTATE_ENCRYPTED) puts("refused not-private");
    else if (!secret) puts("refused bad-hex");
    else if (answer) otrl_message_respond_smp(us, &ops, NULL, c, (unsigned char *)secret, n);
    else if (question) otrl_message_initiate_smp_q(us, &ops, NULL, c, question, (unsigned char *)secret, n);
    else otrl_message_initiate_smp(us, &ops, NULL, c, (unsigned char *)secret, n);
    free(secret);
    free(question);
}

static void extra_key(char *rest) {
    ConnContext *c = context();
    unsigned char key[OTRL_EXTRAKEY_BYTES];
    size_t n = 0;
    char *data_hex = strchr(rest, ' ');
    char *data = from_hex(data_hex ? data_hex + 1 : "-", &n);
    if (!c || c->msgstate != OTRL_MSGSTATE_ENCRYPTED) puts("refused not-private");
    else if (!data) puts("refused bad-hex");
    else if (otrl_message_symkey(us, &ops, NULL, c, (unsigned)strtoul(rest, NULL, 16), (unsigned char *)data, n, key))
        puts("refused no-key");
    else line_hex("extrakey", key, sizeof key);
    free(data);
}

/* libotr sends a heartbeat by itself when it reads text and has been silent for a minute.
 * `heartbeat due` ages the clock it looks at; plain `heartbeat` sends an empty text, the same on the wire but for the
 * flag byte, which is 0 instead of IGNORE_UNREADABLE. */
static void heartbeat(const char *rest) {
    ConnContext *c = context();
    if (!c || c->msgstate != OTRL_MSGSTATE_ENCRYPTED) puts("refused not-private");
    else if (strcmp(rest, "due") == 0) c->context_priv->lastsent = time(NULL) - 3600;
    else send_text("");
}

static void show_caps(void) {
    puts("caps v1 v2 v3 query tag simultaneous smp question abort extrakey heartbeat heartbeat-due fragment end "
         "instances to keyfile refresh-ask refresh-answer state-ssid");
    puts("cannot heartbeat-now the library has no call for it; heartbeat sends an empty text without the flag");
    puts("cannot extrakey-v1 the library derives the extra key in sessions of versions 2 and 3 alike, not in 1");
    puts("cannot refresh-told in version 3 the end that answers a query is in plaintext until the Signature, and tells "
         "encrypted after it");
    puts("cannot nul texts are C strings");
}

/* 0 ends the program. */
static int obey(char *line) {
    char *rest = strchr(line, ' ');
    size_t n;
    if (rest) *rest++ = 0; else rest = line + strlen(line);
    if (strcmp(line, "quit") == 0) return 0;
    if (strcmp(line, "caps") == 0) show_caps();
    else if (strcmp(line, "start") == 0) send_text("?OTR?");
    else if (strcmp(line, "say") == 0 || strcmp(line, "recv") == 0) {
        char *m = from_hex(rest, &n);
        if (!m) puts("refused bad-hex");
        else if (strlen(m) != n) puts("refused nul");
        else if (*line == 's') send_text(m);
        else receive(m);
        free(m);
    }
    else if (strcmp(line, "smp") == 0) smp(rest, 0);
    else if (strcmp(line, "answer") == 0) smp(rest, 1);
    else if (strcmp(line, "abort") == 0) {
        ConnContext *c = context();
        if (c && c->msgstate == OTRL_MSGSTATE_ENCRYPTED) otrl_message_abort_smp(us, &ops, NULL, c);
        else puts("refused not-private");
    }
    else if (strcmp(line, "extrakey") == 0) extra_key(rest);
    else if (strcmp(line, "heartbeat") == 0) heartbeat(rest);
    else if (strcmp(line, "end") == 0) otrl_message_disconnect_all_instances(us, &ops, NULL, me, PROTOCOL, peer);
    else if (strcmp(line, "tick") == 0) otrl_message_poll(us, &ops, NULL);
    else if (strcmp(line, "state") == 0) show_state();
    else if (strcmp(line, "to") == 0)
        to = strcmp(rest, "best") == 0 ? OTRL_INSTAG_BEST : (otrl_instag_t)strtoul(rest, NULL, 16);
    else printf("cannot %s unknown-command\n", line);
    return 1;
}

int main(int argc, char **argv) {
    const char *versions = "23", *preset = "manual", *instance = NULL, *keyfile = NULL;
    if (argc < 3) die("usage: driver ME PEER [versions=23] [fragment=N] [policy=P] [instance=HEX8] [keyfile=PATH]", "");
    me = argv[1];
    peer = argv[2];
    for (int i = 3; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (!value) die("bad argument", argv[i]);
        value++;
        if (strncmp(argv[i], "versions=", 9) == 0) versions = value;
        else if (strncmp(argv[i], "policy=", 7) == 0) preset = value;
        else if (strncmp(argv[i], "fragment=", 9) == 0) carrier_limit = atoi(value);
        else if (strncmp(argv[i], "instance=", 9) == 0) instance = value;
        else if (strncmp(argv[i], "keyfile=", 8) == 0) keyfile = value;
        else die("bad argument", argv[i]);
    }
    policy = policy_of(versions, preset);
    OTRL_INIT;
    gcry_control(GCRYCTL_ENABLE_QUICK_RANDOM, 0);
    us = otrl_userstate_create();
    load_key(keyfile);
    if (instance) load_instance(instance);

    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    while ((n = getline(&line, &size, stdin)) > 0) {
        if (line[n - 1] == '\n') line[n - 1] = 0;
        if (!obey(line)) break;
        puts("done");
        fflush(stdout);
    }
    free(line);
    return 0;
}
