/* Plays a script with two or three user states on whichever libotr.so.5 the loader finds, and prints every callback
 * with its arguments, every result and every field that applications read. Keys, tags and cipher text are masked, so
 * that two libraries that behave alike print the same.
 *
 *   trace KEYFILE SCRIPT
 *
 * People are a and b, and c, a second device of b's. What one sends waits in the air until `carry`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <gcrypt.h>
#include <libotr/proto.h>
#include <libotr/userstate.h>
#include <libotr/privkey.h>
#include <libotr/message.h>
#include <libotr/instag.h>
#include <libotr/b64.h>

#define AIR 256
struct person {
    char letter;
    const char *name, *peer;
    OtrlUserState us;
    OtrlPolicy policy;
    int limit, logged_in, quiet, convert, abort_on_error, free_smp, null_words;
    OtrlFragmentPolicy fragments;
    OtrlMessageAppOps ops;
    const OtrlMessageAppOps *use;
    otrl_instag_t to;
};
static struct person people[3];
static struct { struct person *from; char *text; } air[AIR];
static int flying;
static char *last;               /* what was delivered last */
static const char *const PROTOCOL = "prpl";
static const otrl_instag_t TAGS[] = { 0x1000a001, 0x1000b001, 0x1000b002 };

/* The clock that both libraries see: a second passes with each command. */
static time_t clock_now = 1700000000;
time_t time(time_t *t) {
    if (t) *t = clock_now;
    return clock_now;
}
int clock_gettime(clockid_t id, struct timespec *t) {
    (void)id;
    t->tv_sec = clock_now;
    t->tv_nsec = 0;
    return 0;
}

static void die(const char *why, const char *what) { fprintf(stderr, "trace: %s %s\n", why, what); exit(2); }

static const char *tag_name(otrl_instag_t tag) {
    static char other[16];
    for (int i = 0; i < 3; i++) if (TAGS[i] == tag) return i == 0 ? "a" : i == 1 ? "b" : "c";
    if (tag < 0x100) { snprintf(other, sizeof other, "%u", tag); return other; }
    return "other";
}

/* A fresh master has no recent child in one library and is its own in the other, as the header says. */
static const char *recent(const ConnContext *c) { return c ? tag_name(c->their_instance) : "0"; }

static void put_text(const char *s) {
    if (!s) { printf("NULL"); return; }
    putchar('"');
    for (; *s; s++) {
        if (*s == '\t') printf("\\t");
        else if (*s == '\n') printf("\\n");
        else if ((unsigned char)*s < 32 || *s == '"' || *s == '\\') printf("\\x%02x", (unsigned char)*s);
        else putchar(*s);
    }
    putchar('"');
}

/* A message with all that is random left out. */
static void put_message(const char *m) {
    const char *otr = m ? strstr(m, "?OTR") : NULL;
    unsigned from, to, k, n;
    if (!otr) { put_text(m); return; }
    if (otr != m) printf("%d bytes and ", (int)(otr - m));
    if (sscanf(otr, "?OTR|%x|%x,%u,%u,", &from, &to, &k, &n) == 4)
        printf("<piece %s>%s %u/%u %zu>", tag_name(from), tag_name(to), k, n, strlen(otr));
    else if (sscanf(otr, "?OTR,%u,%u,", &k, &n) == 2) printf("<piece %u/%u %zu>", k, n, strlen(otr));
    else if (strncmp(otr, "?OTR:", 5) == 0) {
        unsigned char *raw = NULL;
        size_t len = 0;
        if (otrl_base64_otr_decode(otr, &raw, &len) == 0 && len > 3) {
            printf("<v%d type %02x", raw[1], raw[2]);
            if (raw[1] == 3 && len > 11) {
                from = raw[3] << 24 | raw[4] << 16 | raw[5] << 8 | raw[6];
                to = (unsigned)raw[7] << 24 | raw[8] << 16 | raw[9] << 8 | raw[10];
                printf(" %s>%s", tag_name(from), tag_name(to));
            }
            printf(">");
        } else printf("<broken>");
        free(raw);
    } else if (strncmp(otr, "?OTR?", 5) == 0 || strncmp(otr, "?OTRv", 5) == 0) {
        const char *end = strchr(otr + 5, '?');
        printf("<query %.*s>", end ? (int)(end - otr + 1) : 5, otr);
    } else put_text(otr);
}

static void put_context(const ConnContext *c) {
    if (!c) printf("NULL");
    else printf("%s/%s state=%d", c->username, tag_name(c->their_instance), c->msgstate);
}

static struct person *of(void *d) { return d; }
#define TELL(d, ...) (printf("  %c ", of(d)->letter), printf(__VA_ARGS__))

static OtrlPolicy on_policy(void *d, ConnContext *c) {
    TELL(d, "policy "); put_context(c); putchar('\n');
    return of(d)->policy;
}
static void on_privkey(void *d, const char *a, const char *p) { TELL(d, "create_privkey %s %s\n", a, p); }
static int on_logged_in(void *d, const char *a, const char *p, const char *r) {
    TELL(d, "is_logged_in %s %s %s\n", a, p, r);
    return of(d)->logged_in;
}
static void on_inject(void *d, const char *a, const char *p, const char *r, const char *m) {
    TELL(d, "inject %s %s %s ", a, p, r); put_message(m); putchar('\n');
    if (flying == AIR) die("too much in the air", "");
    air[flying].from = of(d);
    air[flying++].text = strdup(m);
}
static void on_update(void *d) { TELL(d, "update_context_list\n"); }
static void on_new_fingerprint(void *d, OtrlUserState us, const char *a, const char *p, const char *u, unsigned char f[20]) {
    TELL(d, "new_fingerprint %s %s %s %s", a, p, u, us == of(d)->us ? "" : "strange");
    ConnContext *c = otrl_context_find(us, u, a, p, OTRL_INSTAG_MASTER, 0, NULL, NULL, NULL);
    printf("%s\n", c && otrl_context_find_fingerprint(c, f, 0, NULL) ? "known" : "unknown");
}
static void on_write(void *d) { TELL(d, "write_fingerprints\n"); }
static void on_secure(void *d, ConnContext *c) { TELL(d, "gone_secure "); put_context(c); printf(" active=%d\n", c->active_fingerprint != NULL); }
static void on_insecure(void *d, ConnContext *c) { TELL(d, "gone_insecure "); put_context(c); putchar('\n'); }
static void on_still(void *d, ConnContext *c, int reply) { TELL(d, "still_secure "); put_context(c); printf(" %d\n", reply); }
static int on_limit(void *d, ConnContext *c) { (void)c; return of(d)->limit; }
static void on_symkey(void *d, ConnContext *c, unsigned use, const unsigned char *data, size_t n, const unsigned char *key) {
    TELL(d, "received_symkey "); put_context(c); printf(" %x %.*s %s\n", use, (int)n, data, key ? "key" : "NULL");
}
static const char *on_words(void *d, ConnContext *c, OtrlErrorCode code) {
    static const char *const words[] = { "none", "could not", "not private", "unreadable", "malformed" };
    TELL(d, "otr_error_message "); put_context(c); printf(" %d\n", code);
    return of(d)->null_words ? NULL : words[code];
}
static void on_words_free(void *d, const char *w) { TELL(d, "otr_error_message_free "); put_text(w); putchar('\n'); }
static const char *on_prefix(void *d, ConnContext *c) { TELL(d, "resent_msg_prefix "); put_context(c); putchar('\n'); return "again:"; }
static void on_prefix_free(void *d, const char *w) { TELL(d, "resent_msg_prefix_free "); put_text(w); putchar('\n'); }
static void on_smp(void *d, OtrlSMPEvent e, ConnContext *c, unsigned short percent, char *q) {
    TELL(d, "handle_smp_event %d ", e); put_context(c); printf(" %u ", percent); put_text(q);
    printf(" secret=%d next=%d question=%d progress=%d\n", c->smstate->secret != NULL, c->smstate->nextExpected,
           c->smstate->received_question, c->smstate->sm_prog_state);
    if (of(d)->abort_on_error && (e == OTRL_SMPEVENT_ERROR || e == OTRL_SMPEVENT_CHEATED))
        otrl_message_abort_smp(of(d)->us, of(d)->use, d, c);
    if (of(d)->free_smp && e != OTRL_SMPEVENT_ASK_FOR_SECRET && e != OTRL_SMPEVENT_ASK_FOR_ANSWER && e != OTRL_SMPEVENT_IN_PROGRESS)
        otrl_sm_state_free(c->smstate);
}
static void on_event(void *d, OtrlMessageEvent e, ConnContext *c, const char *m, gcry_error_t err) {
    TELL(d, "handle_msg_event %d ", e); put_context(c); putchar(' '); put_message(m); printf(" %s\n", err ? "error" : "0");
}
static void on_instag(void *d, const char *a, const char *p) { TELL(d, "create_instag %s %s\n", a, p); }
static void on_convert(void *d, ConnContext *c, OtrlConvertType t, char **dest, const char *src) {
    TELL(d, "convert_msg "); put_context(c); printf(" %d ", t); put_text(src); putchar('\n');
    if (!of(d)->convert) { *dest = NULL; return; }
    *dest = malloc(strlen(src) + 3);
    sprintf(*dest, "%c%s%c", t ? '<' : '[', src, t ? '>' : ']');
}
static void on_convert_free(void *d, ConnContext *c, char *s) { TELL(d, "convert_free "); put_context(c); putchar('\n'); free(s); }
static void on_timer(void *d, unsigned s) { TELL(d, "timer_control %u\n", s); }

static const OtrlMessageAppOps all = {
    on_policy, on_privkey, on_logged_in, on_inject, on_update, on_new_fingerprint, on_write, on_secure, on_insecure,
    on_still, on_limit, NULL, NULL, on_symkey, on_words, on_words_free, on_prefix, on_prefix_free, on_smp, on_event,
    on_instag, on_convert, on_convert_free, on_timer,
};

static void on_app_data(void *data, ConnContext *c) { TELL(data, "add_app_data %s\n", c->username); }

static ConnContext *context(struct person *p) {
    return otrl_context_find(p->us, p->peer, p->name, PROTOCOL, p->to, 0, NULL, NULL, NULL);
}

static void show(struct person *p) {
    for (ConnContext *c = p->us->context_root; c; c = c->next) {
        const ConnContext *m = c->m_context;
        printf("    %c: %s/%s ours=%s state=%d auth=%d offer=%d version=%u sid=%zu half=%d active=", p->letter, c->username,
               tag_name(c->their_instance), tag_name(c->our_instance), c->msgstate, c->auth.authstate, c->otr_offer,
               c->msgstate == 1 ? c->protocol_version : 0, c->sessionid_len,
               /* In version 1 the half goes by the numbers, which are random. */
               c->msgstate == 1 && c->protocol_version > 1 ? c->sessionid_half : 0);
        put_text(c->active_fingerprint ? (c->active_fingerprint->trust ? c->active_fingerprint->trust : "(null)") : NULL);
        printf(" smp=%d", c->smstate->nextExpected);
        if (m == c) {
            int n = 0;
            for (Fingerprint *f = c->fingerprint_root.next; f; f = f->next) n++;
            printf(" fingerprints=%d recent=%s rcvd=%s sent=%s", n, recent(c->recent_child),
                   recent(c->recent_rcvd_child), recent(c->recent_sent_child));
        }
        putchar('\n');
    }
    ConnContext *best = otrl_context_find(p->us, p->peer, p->name, PROTOCOL, OTRL_INSTAG_BEST, 0, NULL, NULL, NULL);
    if (best) printf("    %c: best=%s\n", p->letter, tag_name(best->their_instance));
}

static void fly(struct person *p, const char *text) {
    if (flying == AIR) die("too much in the air", "");
    air[flying].from = p;
    air[flying++].text = strdup(text);
}

static void say(struct person *p, const char *text, OtrlTLV *tlvs) {
    char *out = NULL;
    ConnContext *c = NULL;
    int before = flying;
    gcry_error_t err = otrl_message_sending(p->us, p->use, p, p->name, PROTOCOL, p->peer, p->to, text, tlvs, &out,
                                            p->fragments, &c, on_app_data, p);
    printf("  %c = %08x ", p->letter, err); put_message(out); printf(" in "); put_context(c); putchar('\n');
    /* What a program does then. */
    if (!err && !out) fly(p, text);
    else if (!err && *out && (p->fragments != OTRL_FRAGMENT_SEND_ALL || flying == before)) fly(p, out);
    if (out) otrl_message_free(out);
}

static void receive(struct person *p, const char *message) {
    char *text = NULL;
    OtrlTLV *tlvs = NULL;
    ConnContext *c = NULL;
    int internal = otrl_message_receiving(p->us, p->use, p, p->name, PROTOCOL, p->peer, message, &text, &tlvs, &c,
                                          on_app_data, p);
    printf("  %c = %d ", p->letter, internal); put_message(text);
    for (OtrlTLV *t = tlvs; t; t = t->next) if (t->type < 2 || t->type > 7) printf(" tlv %d:%d", t->type, t->len); else printf(" tlv %d", t->type);
    printf(" in "); put_context(c); putchar('\n');
    otrl_tlv_free(tlvs);
    if (text) otrl_message_free(text);
}

static void deliver(int place) {
    struct person *from = air[place].from;
    char *text = air[place].text;
    memmove(air + place, air + place + 1, (size_t)(--flying - place) * sizeof *air);
    for (int i = 0; i < 3; i++) {
        struct person *p = &people[i];
        /* Devices of one account do not hear each other. */
        if (!p->us || (p->letter == 'a') == (from->letter == 'a')) continue;
        printf("> %c ", p->letter); put_message(text); putchar('\n');
        receive(p, text);
    }
    free(last);
    last = text;
}

static struct person *who(const char *word) {
    if (!word || word[1] || *word < 'a' || *word > 'c') die("nobody is called", word ? word : "");
    return &people[*word - 'a'];
}

static void appear(struct person *p, int i, const char *keys) {
    char line[200];
    FILE *f = fopen(keys, "r");
    p->letter = (char)('a' + i);
    p->name = i ? "bob" : "alice";
    p->peer = i ? "alice" : "bob";
    p->us = otrl_userstate_create();
    p->policy = OTRL_POLICY_MANUAL;
    p->logged_in = p->abort_on_error = 1;
    p->fragments = OTRL_FRAGMENT_SEND_ALL;
    p->ops = all;
    p->use = &p->ops;
    p->to = OTRL_INSTAG_BEST;
    if (!f || otrl_privkey_read_FILEp(p->us, f)) die("cannot read", keys);
    fclose(f);
    f = tmpfile();
    snprintf(line, sizeof line, "# tags\n%s\t%s\t%08x\n", p->name, PROTOCOL, TAGS[i]);
    fputs(line, f);
    rewind(f);
    if (otrl_instag_read_FILEp(p->us, f)) die("cannot read", "tags");
    fclose(f);
}

static void set(struct person *p, const char *what, const char *value) {
    int n = value ? (int)strtol(value, NULL, 0) : 0;
    if (!strcmp(what, "policy")) p->policy = n;
    else if (!strcmp(what, "limit")) p->limit = n;
    else if (!strcmp(what, "logged-in")) p->logged_in = n;
    else if (!strcmp(what, "convert")) p->convert = n;
    else if (!strcmp(what, "abort-on-error")) p->abort_on_error = n;
    else if (!strcmp(what, "free-smp")) p->free_smp = n;
    else if (!strcmp(what, "null-words")) p->null_words = n;
    else if (!strcmp(what, "fragments")) p->fragments = n;
    else if (!strcmp(what, "to")) p->to = value[0] >= 'a' ? TAGS[value[0] - 'a'] : (otrl_instag_t)n;
    else if (!strcmp(what, "no")) {
        if (!strcmp(value, "events")) p->ops.handle_msg_event = NULL;
        else if (!strcmp(value, "smp")) p->ops.handle_smp_event = NULL;
        else if (!strcmp(value, "inject")) p->ops.inject_message = NULL;
        else if (!strcmp(value, "words")) { p->ops.otr_error_message = NULL; p->ops.otr_error_message_free = NULL; }
        else if (!strcmp(value, "words-free")) p->ops.otr_error_message_free = NULL;
        else if (!strcmp(value, "prefix")) { p->ops.resent_msg_prefix = NULL; p->ops.resent_msg_prefix_free = NULL; }
        else if (!strcmp(value, "update")) p->ops.update_context_list = NULL;
        else if (!strcmp(value, "policy")) p->ops.policy = NULL;
        else if (!strcmp(value, "timer")) p->ops.timer_control = NULL;
        else if (!strcmp(value, "convert")) p->ops.convert_msg = NULL;
        else if (!strcmp(value, "keys")) otrl_privkey_forget_all(p->us);
        else if (!strcmp(value, "tags")) otrl_instag_forget_all(p->us);
        else if (!strcmp(value, "ops")) p->use = NULL;
        else die("cannot take away", value);
    } else die("cannot set", what);
}

static void on_smp_command(struct person *p, char *secret, const char *question) {
    ConnContext *c = context(p);
    size_t n = secret ? strlen(secret) : 0;
    if (!c) { puts("  nobody"); return; }
    if (question) otrl_message_initiate_smp_q(p->us, p->use, p, c, question, (unsigned char *)secret, n);
    else otrl_message_initiate_smp(p->us, p->use, p, c, (unsigned char *)secret, n);
}

static void obey(char *line, const char *keys) {
    char *word = strtok(line, " "), *name = strtok(NULL, " "), *rest = strtok(NULL, "");
    ConnContext *c;
    if (!strcmp(word, "carry")) {
        for (int turns = 0; flying; turns++) { if (turns > 200) die("no silence", ""); deliver(0); }
    } else if (!strcmp(word, "deliver")) { if (flying) deliver(0); else puts("  nothing"); }
    else if (!strcmp(word, "deliver-last")) { if (flying) deliver(flying - 1); else puts("  nothing"); }
    else if (!strcmp(word, "lose")) { while (flying) free(air[--flying].text); }
    else if (!strcmp(word, "again")) { printf("> %s ", name); put_message(last); putchar('\n'); receive(who(name), last); }
    else if (!strcmp(word, "reflect")) { printf("> %s ", name); put_message(air[0].text); putchar('\n'); receive(who(name), air[0].text); }
    else if (!strcmp(word, "damage")) { char *t = air[0].text; size_t at = (size_t)atoi(name); if (at < strlen(t)) t[at] = t[at] == 'A' ? 'B' : 'A'; }
    else if (!strcmp(word, "damage-end")) { char *t = air[0].text; size_t at = strlen(t) - (size_t)atoi(name); t[at] = t[at] == 'A' ? 'B' : 'A'; }
    else if (!strcmp(word, "wait")) clock_now += atoi(name);
    else if (!strcmp(word, "appear")) appear(who(name), *name - 'a', keys);
    else {
        struct person *p = who(name);
        if (!strcmp(word, "set")) { char *what = strtok(rest, " "); set(p, what, strtok(NULL, " ")); }
        else if (!strcmp(word, "start")) say(p, "?OTR?", NULL);
        else if (!strcmp(word, "say")) say(p, rest ? rest : "", NULL);
        else if (!strcmp(word, "say-tlv")) { OtrlTLV *t = otrl_tlv_new(0x1234, 3, (const unsigned char *)"abc"); say(p, rest, t); otrl_tlv_free(t); }
        else if (!strcmp(word, "hear")) {
            for (char *s = rest; s && (s = strchr(s, '\\')); s++) if (s[1] == 't') { *s = '\t'; memmove(s + 1, s + 2, strlen(s + 1)); }
            receive(p, rest ? rest : "");
        }
        else if (!strcmp(word, "smp")) on_smp_command(p, rest, NULL);
        else if (!strcmp(word, "ask")) { char *q = strtok(rest, "|"); on_smp_command(p, strtok(NULL, ""), q); }
        else if (!strcmp(word, "answer")) { if ((c = context(p))) otrl_message_respond_smp(p->us, p->use, p, c, (unsigned char *)rest, strlen(rest)); }
        else if (!strcmp(word, "abort")) { if ((c = context(p))) otrl_message_abort_smp(p->us, p->use, p, c); }
        else if (!strcmp(word, "symkey")) {
            unsigned char key[32];
            c = context(p);
            gcry_error_t err = otrl_message_symkey(p->us, p->use, p, c, 7, (const unsigned char *)"use", 3, key);
            printf("  %c = %08x\n", p->letter, err);
        }
        else if (!strcmp(word, "end")) otrl_message_disconnect(p->us, p->use, p, p->name, PROTOCOL, p->peer, p->to);
        else if (!strcmp(word, "end-all")) otrl_message_disconnect_all_instances(p->us, p->use, p, p->name, PROTOCOL, p->peer);
        else if (!strcmp(word, "poll")) otrl_message_poll(p->us, p->use, p);
        else if (!strcmp(word, "age")) { for (c = p->us->context_root; c; c = c->next) { c->context_priv->lastsent = time(NULL) - 3600; if (c->auth.commit_sent_time) c->auth.commit_sent_time -= 3600; } }
        else if (!strcmp(word, "force-plaintext")) { if ((c = context(p))) otrl_context_force_plaintext(c); }
        else if (!strcmp(word, "force-finished")) { if ((c = context(p))) otrl_context_force_finished(c); }
        else if (!strcmp(word, "forget")) { c = otrl_context_find(p->us, p->peer, p->name, PROTOCOL, p->to, 0, NULL, NULL, NULL); printf("  %c = %d\n", p->letter, c ? otrl_context_forget(c) : -1); }
        else if (!strcmp(word, "trust")) { if ((c = context(p)) && c->active_fingerprint) otrl_context_set_trust(c->active_fingerprint, rest); }
        else if (!strcmp(word, "forget-fingerprint")) { if ((c = context(p))) { Fingerprint *f = c->m_context->fingerprint_root.next; if (f) otrl_context_forget_fingerprint(f, atoi(rest)); } }
        else if (!strcmp(word, "show")) show(p);
        else die("unknown command", word);
        return;
    }
}

int main(int argc, char **argv) {
    char line[4096];
    if (argc != 3) die("usage: trace KEYFILE SCRIPT", "");
    FILE *script = fopen(argv[2], "r");
    if (!script) die("cannot open", argv[2]);
    OTRL_INIT;
    appear(&people[0], 0, argv[1]);
    appear(&people[1], 1, argv[1]);
    while (fgets(line, sizeof line, script)) {
        line[strcspn(line, "\n")] = 0;
        if (!*line || *line == '#') continue;
        printf("%s\n", line);
        clock_now++;
        obey(line, argv[1]);
        fflush(stdout);
    }
    fclose(script);
    for (int i = 0; i < 3; i++) if (people[i].us) show(&people[i]);
    while (flying) free(air[--flying].text);
    free(last);
    for (int i = 0; i < 3; i++) if (people[i].us) otrl_userstate_free(people[i].us);
    return 0;
}
