/* Measures libotr 4.x: both ends in one process, messages passed in memory.
 *     bench_libotr [ROW|all] [v3|v2] [KEYS]
 * The rows are those of bench/ours. A text that arrives altered, or anything else that goes wrong, stops the
 * program: no figure rests on a broken exchange. Writes alice.key and bob.key where it is started. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <malloc.h>
#include <gcrypt.h>
#include <libotr/proto.h>
#include <libotr/userstate.h>
#include <libotr/privkey.h>
#include <libotr/message.h>
#include <libotr/instag.h>

#define DIE(...) do { fprintf(stderr, "FAIL: " __VA_ARGS__); fputc('\n', stderr); exit(1); } while (0)

static double now_us(void) {
    struct timespec t; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}
static int cmpd(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b; return x < y ? -1 : x > y;
}
static void report(const char *name, double *v, int n, const char *unit) {
    qsort(v, n, sizeof *v, cmpd);
    printf("RESULT libotr %-22s median %.3f %s  min %.3f  max %.3f  reps %d\n",
           name, v[n / 2], unit, v[0], v[n - 1], n);
    printf("SAMPLES %s %s", name, unit);
    for (int i = 0; i < n; i++) printf(" %.3f", v[i]);
    printf("\n");
    fflush(stdout);
}
static long rss_kb(void) {
    FILE *f = fopen("/proc/self/status", "r"); char l[256]; long kb = 0;
    while (fgets(l, sizeof l, f)) if (sscanf(l, "VmRSS: %ld", &kb) == 1) break;
    fclose(f); return kb;
}

enum { A = 0, B = 1 };
static OtrlUserState us[2];
static const char *acc_name[2] = { "alice", "bob" };
static const char *proto = "prpl";
static char peer[2][32] = { "bob", "alice" };   /* correspondents as each side names them */
static int frag_size = 0;
static int smp_asked, smp_ok[2];
static const char *pol_name = "v3";

typedef struct qm { int to; char *msg; struct qm *next; } qm;
static qm *qh, **qt = &qh;
static long injected, injected_bytes;

static void push(int to, const char *m) {
    qm *q = malloc(sizeof *q); q->to = to; q->msg = strdup(m); q->next = NULL;
    *qt = q; qt = &q->next; injected++; injected_bytes += strlen(m);
}
static OtrlPolicy op_policy(void *o, ConnContext *c) {
    (void)o; (void)c;
    return (pol_name[1] == '2' ? OTRL_POLICY_ALLOW_V2 : OTRL_POLICY_ALLOW_V3)
        | OTRL_POLICY_REQUIRE_ENCRYPTION | OTRL_POLICY_ERROR_START_AKE;
}
static void op_inject(void *o, const char *a, const char *p, const char *r, const char *m) {
    (void)o; (void)p; (void)r; push(strcmp(a, "alice") == 0 ? B : A, m);
}
static int op_logged(void *o, const char *a, const char *p, const char *r) { (void)o;(void)a;(void)p;(void)r; return 1; }
static int op_maxsize(void *o, ConnContext *c) { (void)o; (void)c; return frag_size; }
static void op_instag(void *o, const char *a, const char *p) {
    (void)o; FILE *f = fopen("/dev/null", "w");
    otrl_instag_generate_FILEp(us[strcmp(a, "alice") ? B : A], f, a, p); fclose(f);
}
static void op_msgev(void *o, OtrlMessageEvent e, ConnContext *c, const char *m, gcry_error_t err) {
    (void)o; (void)c; 
    if (e != OTRL_MSGEVENT_NONE && e != OTRL_MSGEVENT_LOG_HEARTBEAT_RCVD && e != OTRL_MSGEVENT_LOG_HEARTBEAT_SENT)
        fprintf(stderr, "msgevent %d %s %s\n", e, m ? m : "", gcry_strerror(err));
}
static void op_smp(void *o, OtrlSMPEvent e, ConnContext *c, unsigned short pc, char *q);
static OtrlMessageAppOps ops = {
    .policy = op_policy, .inject_message = op_inject, .is_logged_in = op_logged,
    .max_message_size = op_maxsize, .create_instag = op_instag, .handle_msg_event = op_msgev,
    .handle_smp_event = op_smp,
};
static const char *secret = "the shared secret of both";
static void op_smp(void *o, OtrlSMPEvent e, ConnContext *c, unsigned short pc, char *q) {
    (void)o; (void)pc; (void)q; int s = strcmp(c->accountname, "alice") ? B : A;
    if (e == OTRL_SMPEVENT_ASK_FOR_SECRET) {
        smp_asked++;
        otrl_message_respond_smp(us[s], &ops, NULL, c, (const unsigned char *)secret, strlen(secret));
    } else if (e == OTRL_SMPEVENT_SUCCESS) smp_ok[s]++;
    else if (e != OTRL_SMPEVENT_IN_PROGRESS) DIE("smp event %d", e);
}

/* Deliver one message; returns decrypted text (malloc'd by libotr) or NULL. */
static char *recv1(int s, const char *m) {
    char *nm = NULL; OtrlTLV *tlvs = NULL; ConnContext *c = NULL;
    int ign = otrl_message_receiving(us[s], &ops, NULL, acc_name[s], proto, peer[s], m, &nm, &tlvs, &c, NULL, NULL);
    otrl_tlv_free(tlvs);
    if (ign) { if (nm) otrl_message_free(nm); return NULL; }
    return nm;
}
static void pump(void) {
    while (qh) {
        qm *q = qh; qh = q->next; if (!qh) qt = &qh;
        char *t = recv1(q->to, q->msg); if (t) otrl_message_free(t);
        free(q->msg); free(q);
    }
}
static ConnContext *ctx(int s) {
    ConnContext *c = otrl_context_find(us[s], peer[s], acc_name[s], proto, OTRL_INSTAG_BEST, 0, NULL, NULL, NULL);
    if (!c) DIE("no context");
    return c;
}
static void ake(void) {
    char q[16]; snprintf(q, sizeof q, "?OTR%s?", pol_name);
    char *t = recv1(B, q); if (t) otrl_message_free(t);   /* B answers with D-H Commit */
    pump();
    if (ctx(A)->msgstate != OTRL_MSGSTATE_ENCRYPTED || ctx(B)->msgstate != OTRL_MSGSTATE_ENCRYPTED) DIE("not encrypted");
}
static void drop_contexts(void) {
    for (int s = 0; s < 2; s++) {
        for (ConnContext *c = us[s]->context_root; c; c = c->next) otrl_context_force_plaintext(c);
        otrl_context_forget_all(us[s]);
    }
}
static void transfer(int from, const char *text) {
    char *wire = NULL;
    if (otrl_message_sending(us[from], &ops, NULL, acc_name[from], proto, peer[from], OTRL_INSTAG_BEST, text, NULL,
                             &wire, OTRL_FRAGMENT_SEND_SKIP, NULL, NULL, NULL) || !wire) DIE("send");
    char *got = recv1(!from, wire);
    if (!got || strcmp(got, text)) DIE("text differs");
    otrl_message_free(got); otrl_message_free(wire);
    if (qh) pump();
}
static void make_key(int s, const char *file) {
    FILE *f = fopen(file, "r");
    if (!f) { f = fopen(file, "w+"); if (otrl_privkey_generate_FILEp(us[s], f, acc_name[s], proto)) DIE("keygen"); rewind(f); }
    if (otrl_privkey_read_FILEp(us[s], f)) DIE("key read");
    fclose(f); op_instag(NULL, acc_name[s], proto);
}
static char *text_of(size_t n) {
    char *t = malloc(n + 1);
    for (size_t i = 0; i < n; i++) t[i] = 'a' + (i * 7 + i / 26) % 26;
    t[n] = 0; return t;
}

int main(int argc, char **argv) {
    double v[1024]; const char *only = argc > 1 ? argv[1] : "all";
#define WANT(x) (!strcmp(only, "all") || !strcmp(only, x))
    if (argc > 2) pol_name = argv[2];     /* "v3" or "v2" */
    int keys = argc > 3 ? atoi(argv[3]) : 51;
    if (keys < 1 || keys > 1024) DIE("1 to 1024 keys");
    double t0 = now_us();
    OTRL_INIT;
    us[A] = otrl_userstate_create(); us[B] = otrl_userstate_create();
    make_key(A, "alice.key"); make_key(B, "bob.key");
    printf("RESULT libotr init+keyload %.1f us (2 key files)  libgcrypt %s libotr %s\n", now_us() - t0, gcry_check_version(NULL), otrl_version());
    char *m100 = text_of(100), *m64k = text_of(65536);

    if (WANT("keygen")) {
        for (int r = 0; r < keys; r++) {
            OtrlUserState u = otrl_userstate_create(); FILE *f = tmpfile();
            double t = now_us(); if (otrl_privkey_generate_FILEp(u, f, "x", proto)) DIE("keygen"); v[r] = now_us() - t;
            fclose(f); otrl_userstate_free(u);
        }
        report("dsa1024-keygen", v, keys, "us");
    }
    /* libotr makes its second D-H key as soon as it is private, others when they first need it: the row with
     * the first message each way holds the same work whoever does it when. */
    for (int first = 0; first < 2; first++) {
        if (!WANT(first ? "ake-first" : "ake")) continue;
        for (int r = -1; r < 9; r++) {
            int n = 20; double t = 0;
            for (int i = 0; i < n; i++) {
                double s = now_us();
                ake();
                if (first) { transfer(A, m100); transfer(B, m100); }
                t += now_us() - s;
                drop_contexts();
            }
            if (r >= 0) v[r] = t / n;
        }
        report(first ? "ake+first-messages" : "ake", v, 9, "us");
    }
    ake();
    if (WANT("pingpong")) {
        for (int r = -1; r < 9; r++) {
            int n = 100; double s = now_us();
            for (int i = 0; i < n; i++) transfer(i & 1, m100);
            if (r >= 0) v[r] = (now_us() - s) / n;
        }
        report("pingpong/msg", v, 9, "us");
    }
    if (WANT("burst")) {
        for (int r = -1; r < 9; r++) {
            double s = now_us();
            for (int i = 0; i < 1000; i++) transfer(A, m100);
            if (r >= 0) v[r] = (now_us() - s) / (1000);
        }
        report("burst100/msg", v, 9, "us");
    }
    if (WANT("bulk")) {
        for (int r = -1; r < 9; r++) {
            int n = 40; double s = now_us();
            for (int i = 0; i < n; i++) transfer(A, m64k);
            double us_ = now_us() - s;
            if (r >= 0) v[r] = n * 65536.0 / us_;
        }
        report("bulk64k", v, 9, "MB/s");
    }
    if (WANT("sizes")) {
        for (int size = 16; size <= 65536; size *= 4) {
            char *text = malloc(size + 1), name[32];
            for (int i = 0; i < size; i++) text[i] = "abcdefghijklmnopqrstuvwxyz"[(i * 7 + i / 26) % 26];
            text[size] = 0;
            for (int r = -1; r < 9; r++) {
                int n = size > 4096 ? 40 : 500; double s = now_us();
                for (int i = 0; i < n; i++) transfer(A, text);
                if (r >= 0) v[r] = (now_us() - s) / n;
            }
            snprintf(name, sizeof name, "size-%05d", size); report(name, v, 9, "us"); free(text);
        }
    }
    if (WANT("smp")) {
        for (int r = -1; r < 9; r++) {
            int n = 2; double s = now_us();
            for (int i = 0; i < n; i++) {
                int a = smp_ok[A], b = smp_ok[B];
                otrl_message_initiate_smp(us[A], &ops, NULL, ctx(A), (const unsigned char *)secret, strlen(secret));
                pump();
                if (smp_ok[A] != a + 1 || smp_ok[B] != b + 1) DIE("smp");
            }
            if (r >= 0) v[r] = (now_us() - s) / n;
        }
        report("smp", v, 9, "us");
    }
    if (WANT("frag")) {
        frag_size = 400; long n0 = 0;
        for (int r = -1; r < 9; r++) {
            int n = 5; double s = now_us();
            for (int i = 0; i < n; i++) {
                char *wire = NULL; int got = 0; n0 = injected;
                if (otrl_message_sending(us[A], &ops, NULL, acc_name[A], proto, peer[A], OTRL_INSTAG_BEST, m64k, NULL,
                        &wire, OTRL_FRAGMENT_SEND_ALL, NULL, NULL, NULL)) DIE("frag send");
                n0 = injected - n0;
                if (wire) otrl_message_free(wire);
                while (qh) {
                    qm *q = qh; qh = q->next; if (!qh) qt = &qh;
                    char *t = recv1(q->to, q->msg);
                    if (t) { if (strcmp(t, m64k)) DIE("frag text"); got++; otrl_message_free(t); }
                    free(q->msg); free(q);
                }
                if (got != 1) DIE("frag got %d", got);
            }
            if (r >= 0) v[r] = (now_us() - s) / n;
        }
        frag_size = 0; report("frag64k/400", v, 9, "us");
        printf("  fragments per message %ld\n", n0);
    }
    if (WANT("mem")) {
        malloc_trim(0); long k0 = rss_kb(); size_t h0 = mallinfo2().uordblks;
        for (int i = 0; i < 1000; i++) {
            snprintf(peer[A], 32, "bob%d", i); snprintf(peer[B], 32, "alice%d", i);
            ake();
        }
        long k1 = rss_kb(); size_t h1 = mallinfo2().uordblks;
        for (int i = 0; i < 1000; i++) {
            snprintf(peer[A], 32, "bob%d", i); snprintf(peer[B], 32, "alice%d", i);
            for (int j = 0; j < 8; j++) transfer(j & 1, m100);
        }
        long k2 = rss_kb(); size_t h2 = mallinfo2().uordblks;
        printf("  heap per end: after ake %.2f KiB, after 8 msgs %.2f KiB\n",
               (h1 - h0) / 2000.0 / 1024, (h2 - h0) / 2000.0 / 1024);
        v[0] = (k1 - k0) / 2000.0; report("mem/end-after-ake", v, 1, "KiB");
        v[0] = (k2 - k0) / 2000.0; report("mem/end-after-8-msgs", v, 1, "KiB");
    }
    return 0;
}
