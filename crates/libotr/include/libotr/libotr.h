/* The C interface of libotr 4.1, as Chatham's libotr.so.5 offers it.
 *
 * Every name, value and offset is libotr's, so that a program may be compiled with this header or with libotr's own and
 * run on either library. Programs include the headers they know (<libotr/proto.h>, <libotr/message.h>, ...), which
 * all lead here. What the functions do, and where this library differs on purpose: docs/libotr-differences.md.
 *
 * Versions 1 to 3 of the protocol only: the structs hold fingerprints of 20 bytes, so nobody who speaks version 4 could
 * be shown honestly. Version 4 for C would be another header.
 *
 * One user state belongs to one thread at a time; different ones are independent. What a function returns as a new
 * string or block comes from malloc. */
#ifndef CHATHAM_LIBOTR_H
#define CHATHAM_LIBOTR_H

#include <errno.h>
#include <gcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- version.h ---- */

#define OTRL_VERSION "4.1.1"
#define OTRL_VERSION_MAJOR 4
#define OTRL_VERSION_MINOR 1
#define OTRL_VERSION_SUB 1

/* The smallest version that any part of the process asked for: 0x00040101 for 4.1.1. */
extern unsigned int otrl_api_version;

gcry_error_t otrl_init(unsigned int major, unsigned int minor, unsigned int sub);
const char *otrl_version(void);
#define OTRL_INIT \
    do { if (otrl_init(OTRL_VERSION_MAJOR, OTRL_VERSION_MINOR, OTRL_VERSION_SUB)) exit(1); } while (0)

/* ---- mem.h, b64.h ---- */

void otrl_mem_init(void);
int otrl_mem_differ(const unsigned char *one, const unsigned char *other, size_t length);

#define OTRL_B64_DECODED_LEN 3
#define OTRL_B64_ENCODED_LEN 4
#define OTRL_B64_MAX_DECODED_SIZE(encoded_len) \
    (((encoded_len + OTRL_B64_ENCODED_LEN - 1) / OTRL_B64_ENCODED_LEN) * OTRL_B64_DECODED_LEN)
size_t otrl_base64_encode(char *base64, const unsigned char *data, size_t length);
size_t otrl_base64_decode(unsigned char *data, const char *base64, size_t length);
char *otrl_base64_otr_encode(const unsigned char *data, size_t length);
/* 0; -1 without memory; -2 if the text is none. */
int otrl_base64_otr_decode(const char *text, unsigned char **data, size_t *length);

/* ---- tlv.h ---- */

typedef struct s_OtrlTLV {
    unsigned short type;
    unsigned short len;
    unsigned char *data;            /* len bytes and a NUL */
    struct s_OtrlTLV *next;
} OtrlTLV;

#define OTRL_TLV_PADDING 0x0000
#define OTRL_TLV_DISCONNECTED 0x0001
#define OTRL_TLV_SMP1 0x0002
#define OTRL_TLV_SMP2 0x0003
#define OTRL_TLV_SMP3 0x0004
#define OTRL_TLV_SMP4 0x0005
#define OTRL_TLV_SMP_ABORT 0x0006
#define OTRL_TLV_SMP1Q 0x0007
#define OTRL_TLV_SYMKEY 0x0008

OtrlTLV *otrl_tlv_new(unsigned short type, unsigned short length, const unsigned char *data);
OtrlTLV *otrl_tlv_parse(const unsigned char *bytes, size_t length);
void otrl_tlv_free(OtrlTLV *chain);
size_t otrl_tlv_seriallen(const OtrlTLV *chain);
void otrl_tlv_serialize(unsigned char *bytes, const OtrlTLV *chain);
OtrlTLV *otrl_tlv_find(OtrlTLV *chain, unsigned short type);

/* ---- dh.h: the step functions return an error here ---- */

#define DH1536_GROUP_ID 5
#define OTRL_EXTRAKEY_BYTES 32

typedef struct {
    unsigned int groupid;
    gcry_mpi_t priv, pub;
} DH_keypair;

typedef enum {
    OTRL_SESSIONID_FIRST_HALF_BOLD,
    OTRL_SESSIONID_SECOND_HALF_BOLD
} OtrlSessionIdHalf;

typedef struct {
    unsigned char sendctr[16], rcvctr[16];
    gcry_cipher_hd_t sendenc, rcvenc;
    gcry_md_hd_t sendmac;
    unsigned char sendmackey[20];
    int sendmacused;
    gcry_md_hd_t rcvmac;
    unsigned char rcvmackey[20];
    int rcvmacused;
    unsigned char extrakey[OTRL_EXTRAKEY_BYTES];
} DH_sesskeys;

void otrl_dh_init(void);
void otrl_dh_keypair_init(DH_keypair *pair);
void otrl_dh_keypair_copy(DH_keypair *to, const DH_keypair *from);
void otrl_dh_keypair_free(DH_keypair *pair);
gcry_error_t otrl_dh_gen_keypair(unsigned int group, DH_keypair *pair);
gcry_error_t otrl_dh_session(DH_sesskeys *keys, const DH_keypair *pair, gcry_mpi_t theirs);
gcry_error_t otrl_dh_compute_v2_auth_keys(const DH_keypair *ours, gcry_mpi_t theirs, unsigned char *sessionid,
    size_t *length, gcry_cipher_hd_t *c, gcry_cipher_hd_t *cp, gcry_md_hd_t *m1, gcry_md_hd_t *m1p, gcry_md_hd_t *m2,
    gcry_md_hd_t *m2p);
gcry_error_t otrl_dh_compute_v1_session_id(const DH_keypair *ours, gcry_mpi_t theirs, unsigned char *sessionid,
    size_t *length, OtrlSessionIdHalf *half);
void otrl_dh_session_free(DH_sesskeys *keys);
void otrl_dh_session_blank(DH_sesskeys *keys);
void otrl_dh_incctr(unsigned char *counter);
int otrl_dh_cmpctr(const unsigned char *one, const unsigned char *other);

/* ---- sm.h: the step functions return an error here ---- */

#define SM_HASH_ALGORITHM GCRY_MD_SHA256
#define SM_DIGEST_SIZE 32

typedef enum {
    OTRL_SMP_EXPECT1,
    OTRL_SMP_EXPECT2,
    OTRL_SMP_EXPECT3,
    OTRL_SMP_EXPECT4,
    OTRL_SMP_EXPECT5
} NextExpectedSMP;

typedef enum {
    OTRL_SMP_PROG_OK = 0,
    OTRL_SMP_PROG_CHEATED = -2,
    OTRL_SMP_PROG_FAILED = -1,
    OTRL_SMP_PROG_SUCCEEDED = 1
} OtrlSMProgState;

/* Look only: whether `secret` is NULL, and the last three. The numbers are not there. */
typedef struct {
    gcry_mpi_t secret, x2, x3, g1, g2, g3, g3o, p, q, pab, qab;
    NextExpectedSMP nextExpected;
    int received_question;
    OtrlSMProgState sm_prog_state;
} OtrlSMState;
typedef OtrlSMState OtrlSMAliceState;
typedef OtrlSMState OtrlSMBobState;

void otrl_sm_init(void);
void otrl_sm_state_new(OtrlSMState *state);
void otrl_sm_state_init(OtrlSMState *state);
/* The run is forgotten; the state itself is not freed. */
void otrl_sm_state_free(OtrlSMState *state);
gcry_error_t otrl_sm_step1(OtrlSMAliceState *, const unsigned char *, int, unsigned char **, int *);
gcry_error_t otrl_sm_step2a(OtrlSMBobState *, const unsigned char *, const int, int);
gcry_error_t otrl_sm_step2b(OtrlSMBobState *, const unsigned char *, int, unsigned char **, int *);
gcry_error_t otrl_sm_step3(OtrlSMAliceState *, const unsigned char *, const int, unsigned char **, int *);
gcry_error_t otrl_sm_step4(OtrlSMBobState *, const unsigned char *, const int, unsigned char **, int *);
gcry_error_t otrl_sm_step5(OtrlSMAliceState *, const unsigned char *, const int);

/* ---- auth.h: the step functions return an error here ---- */

typedef enum {
    OTRL_AUTHSTATE_NONE,
    OTRL_AUTHSTATE_AWAITING_DHKEY,
    OTRL_AUTHSTATE_AWAITING_REVEALSIG,
    OTRL_AUTHSTATE_AWAITING_SIG,
    OTRL_AUTHSTATE_V1_SETUP
} OtrlAuthState;

typedef struct context ConnContext;
typedef struct s_OtrlUserState *OtrlUserState;

/* `authstate` is kept true; the numbers are not there. */
typedef struct {
    OtrlAuthState authstate;
    struct context *context;
    DH_keypair our_dh;
    unsigned int our_keyid;
    unsigned char *encgx;
    size_t encgx_len;
    unsigned char r[16], hashgx[32];
    gcry_mpi_t their_pub;
    unsigned int their_keyid;
    gcry_cipher_hd_t enc_c, enc_cp;
    gcry_md_hd_t mac_m1, mac_m1p, mac_m2, mac_m2p;
    unsigned char their_fingerprint[20];
    int initiated;
    unsigned int protocol_version;
    unsigned char secure_session_id[20];
    size_t secure_session_id_len;
    OtrlSessionIdHalf session_id_half;
    char *lastauthmsg;
    time_t commit_sent_time;
} OtrlAuthInfo;

#define OTRL_PUBKEY_TYPE_DSA 0x0000

typedef struct s_OtrlPrivKey {
    struct s_OtrlPrivKey *next, **tous;
    char *accountname, *protocol;
    unsigned short pubkey_type;
    gcry_sexp_t privkey;            /* NULL on a machine without libgcrypt */
    unsigned char *pubkey_data;     /* p, q, g, y, each with its length */
    size_t pubkey_datalen;
} OtrlPrivKey;

typedef struct s_OtrlPendingPrivKey {
    struct s_OtrlPendingPrivKey *next, **tous;
    char *accountname, *protocol;
} OtrlPendingPrivKey;

typedef gcry_error_t (*ChathamAuthSucceeded)(const OtrlAuthInfo *auth, void *data);
void otrl_auth_new(struct context *context);
void otrl_auth_clear(OtrlAuthInfo *auth);
gcry_error_t otrl_auth_start_v23(OtrlAuthInfo *, int);
gcry_error_t otrl_auth_handle_commit(OtrlAuthInfo *, const char *, int);
gcry_error_t otrl_auth_handle_key(OtrlAuthInfo *, const char *, int *, OtrlPrivKey *);
gcry_error_t otrl_auth_handle_revealsig(OtrlAuthInfo *, const char *, int *, OtrlPrivKey *, ChathamAuthSucceeded, void *);
gcry_error_t otrl_auth_handle_signature(OtrlAuthInfo *, const char *, int *, ChathamAuthSucceeded, void *);
gcry_error_t otrl_auth_start_v1(OtrlAuthInfo *, DH_keypair *, unsigned int, OtrlPrivKey *);
gcry_error_t otrl_auth_handle_v1_key_exchange(OtrlAuthInfo *, const char *, int *, OtrlPrivKey *, DH_keypair *,
    unsigned int, ChathamAuthSucceeded, void *);
void otrl_auth_copy_on_key(OtrlAuthInfo *master, OtrlAuthInfo *auth);

/* ---- instag.h ---- */

typedef unsigned int otrl_instag_t;

#define OTRL_INSTAG_MASTER 0
#define OTRL_INSTAG_BEST 1              /* message state, then trust, then when it was heard from */
#define OTRL_INSTAG_RECENT 2
#define OTRL_INSTAG_RECENT_RECEIVED 3
#define OTRL_INSTAG_RECENT_SENT 4
#define OTRL_MIN_VALID_INSTAG 0x100

typedef struct s_OtrlInsTag {
    struct s_OtrlInsTag *next, **tous;
    char *accountname, *protocol;
    otrl_instag_t instag;
} OtrlInsTag;

void otrl_instag_forget(OtrlInsTag *tag);
void otrl_instag_forget_all(OtrlUserState us);
OtrlInsTag *otrl_instag_find(OtrlUserState us, const char *account, const char *protocol);
gcry_error_t otrl_instag_read(OtrlUserState us, const char *filename);
gcry_error_t otrl_instag_read_FILEp(OtrlUserState us, FILE *file);
otrl_instag_t otrl_instag_get_new(void);
gcry_error_t otrl_instag_generate(OtrlUserState us, const char *filename, const char *account, const char *protocol);
gcry_error_t otrl_instag_generate_FILEp(OtrlUserState us, FILE *file, const char *account, const char *protocol);
gcry_error_t otrl_instag_write(OtrlUserState us, const char *filename);
gcry_error_t otrl_instag_write_FILEp(OtrlUserState us, FILE *file);

/* ---- context.h, context_priv.h ---- */

typedef struct context_priv {
    char *fragment;                     /* the pieces so far */
    size_t fragment_len;
    unsigned short fragment_n, fragment_k;
    unsigned int their_keyid;
    gcry_mpi_t their_y, their_old_y;
    unsigned int our_keyid;
    DH_keypair our_dh_key, our_old_dh_key;
    DH_sesskeys sesskeys[2][2];
    unsigned int numsavedkeys;
    unsigned char *saved_mac_keys;
    unsigned int generation;
    time_t lastsent, lastrecv;
    char *lastmessage;
    int may_retransmit;
} ConnContextPriv;

typedef enum {
    OTRL_MSGSTATE_PLAINTEXT,
    OTRL_MSGSTATE_ENCRYPTED,
    OTRL_MSGSTATE_FINISHED              /* the other side has ended the private conversation */
} OtrlMessageState;

typedef struct s_fingerprint {
    struct s_fingerprint *next, **tous;
    unsigned char *fingerprint;         /* 20 bytes */
    struct context *context;            /* always the master */
    char *trust;                        /* from malloc, or NULL; "" and NULL are no trust */
} Fingerprint;

struct context {
    struct context *next, **tous;
    ConnContextPriv *context_priv;
    char *username, *accountname, *protocol;
    struct context *m_context;          /* the master; its own for a master */
    struct context *recent_rcvd_child, *recent_sent_child, *recent_child;
    otrl_instag_t our_instance, their_instance;
    OtrlMessageState msgstate;
    OtrlAuthInfo auth;
    Fingerprint fingerprint_root;       /* no fingerprint itself: its `next` is the first */
    Fingerprint *active_fingerprint;
    unsigned char sessionid[20];
    size_t sessionid_len;
    OtrlSessionIdHalf sessionid_half;
    unsigned int protocol_version;
    enum { OFFER_NOT, OFFER_SENT, OFFER_REJECTED, OFFER_ACCEPTED } otr_offer;
    void *app_data;                     /* the application's */
    void (*app_data_free)(void *);
    OtrlSMState *smstate;
};

ConnContextPriv *otrl_context_priv_new(void);
void otrl_context_priv_force_finished(ConnContextPriv *context_priv);
ConnContext *otrl_context_find(OtrlUserState us, const char *user, const char *account, const char *protocol,
    otrl_instag_t instance, int add_if_missing, int *added, void (*add_app_data)(void *data, ConnContext *context),
    void *data);
int otrl_context_is_fingerprint_trusted(Fingerprint *fingerprint);
void otrl_context_update_recent_child(ConnContext *context, unsigned int sent);
Fingerprint *otrl_context_find_fingerprint(ConnContext *context, unsigned char fingerprint[20], int add_if_missing,
    int *added);
void otrl_context_set_trust(Fingerprint *fingerprint, const char *trust);
void otrl_context_force_finished(ConnContext *context);
void otrl_context_force_plaintext(ConnContext *context);
/* One that a device proves just now stays. */
void otrl_context_forget_fingerprint(Fingerprint *fingerprint, int and_maybe_context);
/* 1, and nothing is forgotten, unless all is plaintext. */
int otrl_context_forget(ConnContext *context);
void otrl_context_forget_all(OtrlUserState us);
ConnContext *otrl_context_find_recent_instance(ConnContext *context, otrl_instag_t instance);
ConnContext *otrl_context_find_recent_secure_instance(ConnContext *context);

/* ---- userstate.h ---- */

struct s_OtrlUserState {
    ConnContext *context_root;
    OtrlPrivKey *privkey_root;
    OtrlInsTag *instag_root;
    OtrlPendingPrivKey *pending_root;
    int timer_running;
};

OtrlUserState otrl_userstate_create(void);
void otrl_userstate_free(OtrlUserState us);

/* ---- privkey.h ---- */

#define OTRL_PRIVKEY_FPRINT_HUMAN_LEN 45

void otrl_privkey_hash_to_human(char human[OTRL_PRIVKEY_FPRINT_HUMAN_LEN], const unsigned char hash[20]);
char *otrl_privkey_fingerprint(OtrlUserState us, char human[OTRL_PRIVKEY_FPRINT_HUMAN_LEN], const char *account,
    const char *protocol);
unsigned char *otrl_privkey_fingerprint_raw(OtrlUserState us, unsigned char hash[20], const char *account,
    const char *protocol);
gcry_error_t otrl_privkey_read(OtrlUserState us, const char *filename);
gcry_error_t otrl_privkey_read_FILEp(OtrlUserState us, FILE *file);
void otrl_privkey_pending_forget_all(OtrlUserState us);
/* start and finish (or cancelled) on the thread of the user state, calculate on any. */
gcry_error_t otrl_privkey_generate_start(OtrlUserState us, const char *account, const char *protocol, void **newkey);
gcry_error_t otrl_privkey_generate_calculate(void *newkey);
gcry_error_t otrl_privkey_generate_finish(OtrlUserState us, void *newkey, const char *filename);
gcry_error_t otrl_privkey_generate_finish_FILEp(OtrlUserState us, void *newkey, FILE *file);
void otrl_privkey_generate_cancelled(OtrlUserState us, void *newkey);
gcry_error_t otrl_privkey_generate(OtrlUserState us, const char *filename, const char *account, const char *protocol);
gcry_error_t otrl_privkey_generate_FILEp(OtrlUserState us, FILE *file, const char *account, const char *protocol);
gcry_error_t otrl_privkey_read_fingerprints(OtrlUserState us, const char *filename,
    void (*add_app_data)(void *data, ConnContext *context), void *data);
gcry_error_t otrl_privkey_read_fingerprints_FILEp(OtrlUserState us, FILE *file,
    void (*add_app_data)(void *data, ConnContext *context), void *data);
gcry_error_t otrl_privkey_write_fingerprints(OtrlUserState us, const char *filename);
gcry_error_t otrl_privkey_write_fingerprints_FILEp(OtrlUserState us, FILE *file);
OtrlPrivKey *otrl_privkey_find(OtrlUserState us, const char *account, const char *protocol);
void otrl_privkey_forget(OtrlPrivKey *key);
void otrl_privkey_forget_all(OtrlUserState us);
gcry_error_t otrl_privkey_sign(unsigned char **signature, size_t *length, OtrlPrivKey *key, const unsigned char *data,
    size_t datalen);
gcry_error_t otrl_privkey_verify(const unsigned char *signature, size_t length, unsigned short type, gcry_sexp_t key,
    const unsigned char *data, size_t datalen);

/* ---- proto.h ---- */

#define OTRL_MESSAGE_TAG_BASE " \t  \t\t\t\t \t \t \t  "
#define OTRL_MESSAGE_TAG_V1 " \t \t  \t "
#define OTRL_MESSAGE_TAG_V2 "  \t\t  \t "
#define OTRL_MESSAGE_TAG_V3 "  \t\t  \t\t"
#define OTRL_MSGFLAGS_IGNORE_UNREADABLE 0x01
#define OTRL_HEADER_LEN 3
#define OTRL_B64_HEADER_LEN 4

typedef unsigned int OtrlPolicy;
#define OTRL_POLICY_ALLOW_V1 0x01
#define OTRL_POLICY_ALLOW_V2 0x02
#define OTRL_POLICY_ALLOW_V3 0x04
#define OTRL_POLICY_REQUIRE_ENCRYPTION 0x08
#define OTRL_POLICY_SEND_WHITESPACE_TAG 0x10
#define OTRL_POLICY_WHITESPACE_START_AKE 0x20
#define OTRL_POLICY_ERROR_START_AKE 0x40
#define OTRL_POLICY_VERSION_MASK (OTRL_POLICY_ALLOW_V1 | OTRL_POLICY_ALLOW_V2 | OTRL_POLICY_ALLOW_V3)
#define OTRL_POLICY_NEVER 0x00
#define OTRL_POLICY_MANUAL (OTRL_POLICY_ALLOW_V2 | OTRL_POLICY_ALLOW_V3)
#define OTRL_POLICY_OPPORTUNISTIC (OTRL_POLICY_MANUAL | OTRL_POLICY_SEND_WHITESPACE_TAG | \
    OTRL_POLICY_WHITESPACE_START_AKE | OTRL_POLICY_ERROR_START_AKE)
#define OTRL_POLICY_ALWAYS (OTRL_POLICY_MANUAL | OTRL_POLICY_REQUIRE_ENCRYPTION | OTRL_POLICY_WHITESPACE_START_AKE | \
    OTRL_POLICY_ERROR_START_AKE)
#define OTRL_POLICY_DEFAULT OTRL_POLICY_OPPORTUNISTIC

typedef enum {
    OTRL_MSGTYPE_NOTOTR,
    OTRL_MSGTYPE_TAGGEDPLAINTEXT,
    OTRL_MSGTYPE_QUERY,
    OTRL_MSGTYPE_DH_COMMIT,
    OTRL_MSGTYPE_DH_KEY,
    OTRL_MSGTYPE_REVEALSIG,
    OTRL_MSGTYPE_SIGNATURE,
    OTRL_MSGTYPE_V1_KEYEXCH,
    OTRL_MSGTYPE_DATA,
    OTRL_MSGTYPE_ERROR,
    OTRL_MSGTYPE_UNKNOWN
} OtrlMessageType;

typedef enum {
    OTRL_FRAGMENT_UNFRAGMENTED,
    OTRL_FRAGMENT_INCOMPLETE,
    OTRL_FRAGMENT_COMPLETE
} OtrlFragmentResult;

typedef enum {
    OTRL_FRAGMENT_SEND_SKIP,            /* the whole message comes back */
    OTRL_FRAGMENT_SEND_ALL,
    OTRL_FRAGMENT_SEND_ALL_BUT_FIRST,   /* that piece comes back */
    OTRL_FRAGMENT_SEND_ALL_BUT_LAST
} OtrlFragmentPolicy;

char *otrl_proto_default_query_msg(const char *name, OtrlPolicy policy);
unsigned int otrl_proto_query_bestversion(const char *query, OtrlPolicy policy);
unsigned int otrl_proto_whitespace_bestversion(const char *text, const char **start, const char **end, OtrlPolicy policy);
OtrlMessageType otrl_proto_message_type(const char *message);
int otrl_proto_message_version(const char *message);
gcry_error_t otrl_proto_instance(const char *message, unsigned int *from, unsigned int *to);
gcry_error_t otrl_proto_create_data(char **, ConnContext *, const char *, const OtrlTLV *, unsigned char, unsigned char *);
gcry_error_t otrl_proto_accept_data(char **, OtrlTLV **, ConnContext *, const char *, unsigned char *, unsigned char *);
gcry_error_t otrl_proto_data_read_flags(const char *message, unsigned char *flags);
OtrlFragmentResult otrl_proto_fragment_accumulate(char **whole, ConnContext *context, const char *message);
gcry_error_t otrl_proto_fragment_create(int mms, int count, char ***pieces, ConnContext *context, const char *message);
void otrl_proto_fragment_free(char ***pieces, unsigned short count);

/* ---- message.h ---- */

#define OTR_ERROR_PREFIX "?OTR Error: "

typedef enum {
    OTRL_ERRCODE_NONE,
    OTRL_ERRCODE_ENCRYPTION_ERROR,
    OTRL_ERRCODE_MSG_NOT_IN_PRIVATE,
    OTRL_ERRCODE_MSG_UNREADABLE,
    OTRL_ERRCODE_MSG_MALFORMED
} OtrlErrorCode;

typedef enum {
    OTRL_SMPEVENT_NONE,
    OTRL_SMPEVENT_ERROR,                /* call otrl_message_abort_smp */
    OTRL_SMPEVENT_ABORT,
    OTRL_SMPEVENT_CHEATED,              /* call otrl_message_abort_smp */
    OTRL_SMPEVENT_ASK_FOR_ANSWER,
    OTRL_SMPEVENT_ASK_FOR_SECRET,
    OTRL_SMPEVENT_IN_PROGRESS,
    OTRL_SMPEVENT_SUCCESS,
    OTRL_SMPEVENT_FAILURE
} OtrlSMPEvent;

typedef enum {
    OTRL_MSGEVENT_NONE,
    OTRL_MSGEVENT_ENCRYPTION_REQUIRED,
    OTRL_MSGEVENT_ENCRYPTION_ERROR,
    OTRL_MSGEVENT_CONNECTION_ENDED,
    OTRL_MSGEVENT_SETUP_ERROR,
    OTRL_MSGEVENT_MSG_REFLECTED,
    OTRL_MSGEVENT_MSG_RESENT,
    OTRL_MSGEVENT_RCVDMSG_NOT_IN_PRIVATE,
    OTRL_MSGEVENT_RCVDMSG_UNREADABLE,
    OTRL_MSGEVENT_RCVDMSG_MALFORMED,
    OTRL_MSGEVENT_LOG_HEARTBEAT_RCVD,
    OTRL_MSGEVENT_LOG_HEARTBEAT_SENT,
    OTRL_MSGEVENT_RCVDMSG_GENERAL_ERR,  /* with the words */
    OTRL_MSGEVENT_RCVDMSG_UNENCRYPTED,  /* with the text */
    OTRL_MSGEVENT_RCVDMSG_UNRECOGNIZED,
    OTRL_MSGEVENT_RCVDMSG_FOR_OTHER_INSTANCE
} OtrlMessageEvent;

typedef enum { OTRL_NOTIFY_ERROR, OTRL_NOTIFY_WARNING, OTRL_NOTIFY_INFO } OtrlNotifyLevel;
typedef enum { OTRL_CONVERT_SENDING, OTRL_CONVERT_RECEIVING } OtrlConvertType;

/* Any of them may be NULL, and so may the whole table. They may call back into the library. */
typedef struct s_OtrlMessageAppOps {
    OtrlPolicy (*policy)(void *opdata, ConnContext *context);
    void (*create_privkey)(void *opdata, const char *account, const char *protocol);
    int (*is_logged_in)(void *opdata, const char *account, const char *protocol, const char *recipient);
    void (*inject_message)(void *opdata, const char *account, const char *protocol, const char *recipient,
        const char *message);
    void (*update_context_list)(void *opdata);
    void (*new_fingerprint)(void *opdata, OtrlUserState us, const char *account, const char *protocol,
        const char *username, unsigned char fingerprint[20]);
    void (*write_fingerprints)(void *opdata);
    void (*gone_secure)(void *opdata, ConnContext *context);
    void (*gone_insecure)(void *opdata, ConnContext *context);                  /* never called */
    void (*still_secure)(void *opdata, ConnContext *context, int is_reply);
    int (*max_message_size)(void *opdata, ConnContext *context);
    const char *(*account_name)(void *opdata, const char *account, const char *protocol);   /* never called */
    void (*account_name_free)(void *opdata, const char *account_name);          /* never called */
    void (*received_symkey)(void *opdata, ConnContext *context, unsigned int use, const unsigned char *usedata,
        size_t usedatalen, const unsigned char *symkey);
    const char *(*otr_error_message)(void *opdata, ConnContext *context, OtrlErrorCode code);
    void (*otr_error_message_free)(void *opdata, const char *words);
    const char *(*resent_msg_prefix)(void *opdata, ConnContext *context);
    void (*resent_msg_prefix_free)(void *opdata, const char *prefix);
    void (*handle_smp_event)(void *opdata, OtrlSMPEvent event, ConnContext *context, unsigned short percent,
        char *question);
    void (*handle_msg_event)(void *opdata, OtrlMessageEvent event, ConnContext *context, const char *message,
        gcry_error_t error);
    void (*create_instag)(void *opdata, const char *account, const char *protocol);
    void (*convert_msg)(void *opdata, ConnContext *context, OtrlConvertType direction, char **to, const char *from);
    void (*convert_free)(void *opdata, ConnContext *context, char *text);
    void (*timer_control)(void *opdata, unsigned int interval);
} OtrlMessageAppOps;

void otrl_message_free(char *message);
/* Non-zero: send nothing. *message NULL: send the text itself; "": nothing. */
gcry_error_t otrl_message_sending(OtrlUserState us, const OtrlMessageAppOps *ops, void *opdata, const char *account,
    const char *protocol, const char *recipient, otrl_instag_t instance, const char *text, OtrlTLV *tlvs,
    char **message, OtrlFragmentPolicy pieces, ConnContext **context,
    void (*add_appdata)(void *data, ConnContext *context), void *data);
/* 1: nothing of it is for the person. 0 and *text NULL: show the message itself. */
int otrl_message_receiving(OtrlUserState us, const OtrlMessageAppOps *ops, void *opdata, const char *account,
    const char *protocol, const char *sender, const char *message, char **text, OtrlTLV **tlvs, ConnContext **context,
    void (*add_appdata)(void *data, ConnContext *context), void *data);
void otrl_message_disconnect(OtrlUserState us, const OtrlMessageAppOps *ops, void *opdata, const char *account,
    const char *protocol, const char *username, otrl_instag_t instance);
void otrl_message_disconnect_all_instances(OtrlUserState us, const OtrlMessageAppOps *ops, void *opdata,
    const char *account, const char *protocol, const char *username);
void otrl_message_initiate_smp(OtrlUserState us, const OtrlMessageAppOps *ops, void *opdata, ConnContext *context,
    const unsigned char *secret, size_t length);
void otrl_message_initiate_smp_q(OtrlUserState us, const OtrlMessageAppOps *ops, void *opdata, ConnContext *context,
    const char *question, const unsigned char *secret, size_t length);
void otrl_message_respond_smp(OtrlUserState us, const OtrlMessageAppOps *ops, void *opdata, ConnContext *context,
    const unsigned char *secret, size_t length);
void otrl_message_abort_smp(OtrlUserState us, const OtrlMessageAppOps *ops, void *opdata, ConnContext *context);
gcry_error_t otrl_message_symkey(OtrlUserState us, const OtrlMessageAppOps *ops, void *opdata, ConnContext *context,
    unsigned int use, const unsigned char *usedata, size_t usedatalen, unsigned char *symkey);
unsigned int otrl_message_poll_get_default_interval(OtrlUserState us);
void otrl_message_poll(OtrlUserState us, const OtrlMessageAppOps *ops, void *opdata);

#ifdef __cplusplus
}
#endif

#endif
