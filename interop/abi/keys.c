/* Makes the keys of the scripts' people with whichever libotr.so.5 the loader finds:  keys FILE */
#include <stdio.h>
#include <libotr/proto.h>
#include <libotr/userstate.h>
#include <libotr/privkey.h>

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    OTRL_INIT;
    OtrlUserState us = otrl_userstate_create();
    gcry_error_t err = otrl_privkey_generate(us, argv[1], "alice", "prpl");
    if (!err) err = otrl_privkey_generate(us, argv[1], "bob", "prpl");
    otrl_userstate_free(us);
    if (err) fprintf(stderr, "keys: %s\n", gcry_strerror(err));
    return err != 0;
}
