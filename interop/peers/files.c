/* Reads and writes key, fingerprint and instance-tag files with the genuine libotr, so that
 * ours can be compared with them. Every name on the command line may hold \xHH and \\.
 *
 *   files key DIR ACCOUNT PROTOCOL                      make a key and rewrite the file
 *   files tag DIR ACCOUNT PROTOCOL                      make an instance tag and rewrite
 *   files fingerprint DIR USER ACCOUNT PROTOCOL HEX TRUST   add one and rewrite
 *   files rewrite DIR                                   read and rewrite what needs no new key
 *   files dump DIR                                      print what libotr understood
 *   files atom                                          how libgcrypt prints short strings
 *
 * Keys can be rewritten only together with a new one: that is all that the library offers. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <gcrypt.h>
#include <libotr/proto.h>
#include <libotr/privkey.h>
#include <libotr/instag.h>

static char keys_path[4096], prints_path[4096], tags_path[4096];

static void fail(const char *what, gcry_error_t error)
{
    fprintf(stderr, "files: %s: %s (0x%08x)\n", what, gcry_strerror(error), error);
    exit(1);
}

static void paths(const char *dir)
{
    snprintf(keys_path, sizeof keys_path, "%s/otr.private_key", dir);
    snprintf(prints_path, sizeof prints_path, "%s/otr.fingerprints", dir);
    snprintf(tags_path, sizeof tags_path, "%s/otr.instance_tags", dir);
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    fprintf(stderr, "files: not a hex digit: %c\n", c);
    exit(1);
}

/* \xHH and \\ in place. */
static char *unescape(char *s)
{
    char *from = s, *to = s;
    while (*from) {
        if (from[0] == '\\' && from[1] == 'x' && from[2] && from[3]) {
            *to++ = (char)(nibble(from[2]) << 4 | nibble(from[3]));
            from += 4;
        } else if (from[0] == '\\' && from[1] == '\\') {
            *to++ = '\\';
            from += 2;
        } else {
            *to++ = *from++;
        }
    }
    *to = 0;
    return s;
}

static void print_hex(const void *bytes, size_t length)
{
    const unsigned char *b = bytes;
    if (!length) fputs("-", stdout);
    while (length--) printf("%02x", *b++);
}

static int exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static OtrlUserState load(int complain)
{
    OtrlUserState us = otrl_userstate_create();
    gcry_error_t e;
    if (exists(keys_path) && (e = otrl_privkey_read(us, keys_path)) && complain) fail("keys", e);
    if (exists(prints_path) && (e = otrl_privkey_read_fingerprints(us, prints_path, NULL, NULL)) && complain)
        fail("fingerprints", e);
    if (exists(tags_path) && (e = otrl_instag_read(us, tags_path)) && complain) fail("instance tags", e);
    return us;
}

/* One line for each thing, names in hex, sorted by the caller if order does not matter. */
static void dump(OtrlUserState us)
{
    OtrlPrivKey *k;
    OtrlInsTag *t;
    ConnContext *c;
    Fingerprint *f;
    for (k = us->privkey_root; k; k = k->next) {
        static const char names[] = "pqgyx";
        unsigned char hash[20];
        int i;
        fputs("key ", stdout);
        print_hex(k->accountname, strlen(k->accountname));
        putchar(' ');
        print_hex(k->protocol, strlen(k->protocol));
        putchar(' ');
        otrl_privkey_fingerprint_raw(us, hash, k->accountname, k->protocol);
        print_hex(hash, 20);
        for (i = 0; i < 5; i++) {
            gcry_sexp_t part = gcry_sexp_find_token(k->privkey, &names[i], 1);
            gcry_mpi_t value = part ? gcry_sexp_nth_mpi(part, 1, GCRYMPI_FMT_USG) : NULL;
            unsigned char bytes[4096];
            size_t length = 0;
            if (value) gcry_mpi_print(GCRYMPI_FMT_USG, bytes, sizeof bytes, &length, value);
            putchar(' ');
            print_hex(bytes, length);
            gcry_mpi_release(value);
            gcry_sexp_release(part);
        }
        putchar('\n');
    }
    for (t = us->instag_root; t; t = t->next) {
        fputs("tag ", stdout);
        print_hex(t->accountname, strlen(t->accountname));
        putchar(' ');
        print_hex(t->protocol, strlen(t->protocol));
        printf(" %08x\n", t->instag);
    }
    for (c = us->context_root; c; c = c->next) {
        for (f = c->fingerprint_root.next; f; f = f->next) {
            fputs("fingerprint ", stdout);
            print_hex(c->username, strlen(c->username));
            putchar(' ');
            print_hex(c->accountname, strlen(c->accountname));
            putchar(' ');
            print_hex(c->protocol, strlen(c->protocol));
            putchar(' ');
            print_hex(f->fingerprint, 20);
            putchar(' ');
            if (f->trust) print_hex(f->trust, strlen(f->trust)); else fputs("NULL", stdout);
            putchar('\n');
        }
    }
}

static void print_atom(const unsigned char *bytes, size_t length)
{
    gcry_sexp_t list;
    char out[256];
    if (gcry_sexp_build(&list, NULL, "(a %b)", (int)length, bytes)) exit(1);
    gcry_sexp_sprint(list, GCRYSEXP_FMT_ADVANCED, out, sizeof out);
    print_hex(bytes, length);
    putchar(' ');
    /* "(a " before, ")\n" behind */
    print_hex(out + 3, strlen(out) - 5);
    putchar('\n');
    gcry_sexp_release(list);
}

/* A NUL behind a byte that can stand in a token comes out as a bare NUL, which libgcrypt itself
 * cannot read back: left out. */
static void atoms(void)
{
    static const unsigned char firsts[] = " a9";
    unsigned char b[2];
    int i, j;
    for (i = 0; i < 256; i++) {
        b[0] = (unsigned char)i;
        print_atom(b, 1);
    }
    for (i = 0; i < 3; i++)
        for (j = 1; j < 256; j++) {
            b[0] = firsts[i];
            b[1] = (unsigned char)j;
            print_atom(b, 2);
        }
}

int main(int argc, char **argv)
{
    OtrlUserState us;
    gcry_error_t e = 0;
    int i;

    OTRL_INIT;
    if (argc < 2) return 2;
    if (!strcmp(argv[1], "atom")) {
        atoms();
        return 0;
    }
    if (argc < 3) return 2;
    paths(argv[2]);
    for (i = 3; i < argc; i++) unescape(argv[i]);
    us = load(1);
    if (!strcmp(argv[1], "dump") && argc == 3) {
        dump(us);
    } else if (!strcmp(argv[1], "rewrite") && argc == 3) {
        if (exists(prints_path)) e = otrl_privkey_write_fingerprints(us, prints_path);
        if (!e && exists(tags_path)) e = otrl_instag_write(us, tags_path);
    } else if (!strcmp(argv[1], "key") && argc == 5) {
        e = otrl_privkey_generate(us, keys_path, argv[3], argv[4]);
    } else if (!strcmp(argv[1], "tag") && argc == 5) {
        e = otrl_instag_generate(us, tags_path, argv[3], argv[4]);
    } else if (!strcmp(argv[1], "fingerprint") && argc == 8) {
        unsigned char hash[20];
        ConnContext *c = otrl_context_find(us, argv[3], argv[4], argv[5], OTRL_INSTAG_MASTER, 1, NULL, NULL, NULL);
        Fingerprint *f;
        if (strlen(argv[6]) != 40) return 2;
        for (i = 0; i < 20; i++)
            hash[i] = (unsigned char)(nibble(argv[6][2 * i]) << 4 | nibble(argv[6][2 * i + 1]));
        f = otrl_context_find_fingerprint(c, hash, 1, NULL);
        otrl_context_set_trust(f, argv[7]);
        e = otrl_privkey_write_fingerprints(us, prints_path);
    } else {
        return 2;
    }
    if (e) fail(argv[1], e);
    otrl_userstate_free(us);
    return 0;
}
