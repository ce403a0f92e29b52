/* Prints the sizes, offsets and values that programs were compiled with, from whichever headers it is compiled with. */
#include <stddef.h>
#include <stdio.h>
#include <libotr/proto.h>
#include <libotr/userstate.h>
#include <libotr/privkey.h>
#include <libotr/message.h>
#include <libotr/instag.h>
#include <libotr/b64.h>
#include <libotr/mem.h>
#include <libotr/tlv.h>
#include <libotr/version.h>

#define SIZE(type) printf("sizeof %s %zu\n", #type, sizeof(type))
#define AT(type, field) printf("%s.%s %zu %zu\n", #type, #field, offsetof(type, field), sizeof(((type *)0)->field))
#define VALUE(name) printf("%s %d\n", #name, (int)(name))
#define TEXT(name) printf("%s \"%s\"\n", #name, name)

int main(void) {
    SIZE(struct s_OtrlUserState); SIZE(ConnContext); SIZE(ConnContextPriv); SIZE(Fingerprint); SIZE(OtrlPrivKey);
    SIZE(OtrlPendingPrivKey); SIZE(OtrlInsTag); SIZE(OtrlTLV); SIZE(OtrlSMState); SIZE(OtrlAuthInfo); SIZE(DH_keypair);
    SIZE(DH_sesskeys); SIZE(OtrlMessageAppOps); SIZE(OtrlPolicy); SIZE(otrl_instag_t); SIZE(OtrlMessageState);
    AT(struct s_OtrlUserState, context_root); AT(struct s_OtrlUserState, privkey_root);
    AT(struct s_OtrlUserState, instag_root); AT(struct s_OtrlUserState, pending_root);
    AT(struct s_OtrlUserState, timer_running);
    AT(ConnContext, next); AT(ConnContext, tous); AT(ConnContext, context_priv); AT(ConnContext, username);
    AT(ConnContext, accountname); AT(ConnContext, protocol); AT(ConnContext, m_context);
    AT(ConnContext, recent_rcvd_child); AT(ConnContext, recent_sent_child); AT(ConnContext, recent_child);
    AT(ConnContext, our_instance); AT(ConnContext, their_instance); AT(ConnContext, msgstate); AT(ConnContext, auth);
    AT(ConnContext, fingerprint_root); AT(ConnContext, active_fingerprint); AT(ConnContext, sessionid);
    AT(ConnContext, sessionid_len); AT(ConnContext, sessionid_half); AT(ConnContext, protocol_version);
    AT(ConnContext, otr_offer); AT(ConnContext, app_data); AT(ConnContext, app_data_free); AT(ConnContext, smstate);
    AT(ConnContextPriv, fragment); AT(ConnContextPriv, fragment_len); AT(ConnContextPriv, fragment_n);
    AT(ConnContextPriv, fragment_k); AT(ConnContextPriv, their_keyid); AT(ConnContextPriv, our_keyid);
    AT(ConnContextPriv, sesskeys); AT(ConnContextPriv, generation); AT(ConnContextPriv, lastsent);
    AT(ConnContextPriv, lastrecv); AT(ConnContextPriv, lastmessage); AT(ConnContextPriv, may_retransmit);
    AT(Fingerprint, next); AT(Fingerprint, tous); AT(Fingerprint, fingerprint); AT(Fingerprint, context);
    AT(Fingerprint, trust);
    AT(OtrlPrivKey, accountname); AT(OtrlPrivKey, protocol); AT(OtrlPrivKey, pubkey_type); AT(OtrlPrivKey, privkey);
    AT(OtrlPrivKey, pubkey_data); AT(OtrlPrivKey, pubkey_datalen);
    AT(OtrlInsTag, instag); AT(OtrlTLV, type); AT(OtrlTLV, len); AT(OtrlTLV, data); AT(OtrlTLV, next);
    AT(OtrlSMState, secret); AT(OtrlSMState, nextExpected); AT(OtrlSMState, received_question);
    AT(OtrlSMState, sm_prog_state);
    AT(OtrlAuthInfo, authstate); AT(OtrlAuthInfo, context); AT(OtrlAuthInfo, their_fingerprint);
    AT(OtrlAuthInfo, initiated); AT(OtrlAuthInfo, protocol_version); AT(OtrlAuthInfo, secure_session_id_len);
    AT(OtrlAuthInfo, lastauthmsg); AT(OtrlAuthInfo, commit_sent_time);
    AT(DH_sesskeys, sendmackey); AT(DH_sesskeys, rcvmacused); AT(DH_sesskeys, extrakey);
    AT(OtrlMessageAppOps, policy); AT(OtrlMessageAppOps, create_privkey); AT(OtrlMessageAppOps, is_logged_in);
    AT(OtrlMessageAppOps, inject_message); AT(OtrlMessageAppOps, update_context_list);
    AT(OtrlMessageAppOps, new_fingerprint); AT(OtrlMessageAppOps, write_fingerprints); AT(OtrlMessageAppOps, gone_secure);
    AT(OtrlMessageAppOps, gone_insecure); AT(OtrlMessageAppOps, still_secure); AT(OtrlMessageAppOps, max_message_size);
    AT(OtrlMessageAppOps, account_name); AT(OtrlMessageAppOps, account_name_free);
    AT(OtrlMessageAppOps, received_symkey); AT(OtrlMessageAppOps, otr_error_message);
    AT(OtrlMessageAppOps, otr_error_message_free); AT(OtrlMessageAppOps, resent_msg_prefix);
    AT(OtrlMessageAppOps, resent_msg_prefix_free); AT(OtrlMessageAppOps, handle_smp_event);
    AT(OtrlMessageAppOps, handle_msg_event); AT(OtrlMessageAppOps, create_instag); AT(OtrlMessageAppOps, convert_msg);
    AT(OtrlMessageAppOps, convert_free); AT(OtrlMessageAppOps, timer_control);
    VALUE(OTRL_POLICY_ALLOW_V1); VALUE(OTRL_POLICY_OPPORTUNISTIC); VALUE(OTRL_POLICY_MANUAL); VALUE(OTRL_POLICY_ALWAYS);
    VALUE(OTRL_POLICY_DEFAULT); VALUE(OTRL_POLICY_VERSION_MASK); VALUE(OTRL_MSGSTATE_FINISHED);
    VALUE(OTRL_AUTHSTATE_V1_SETUP); VALUE(OFFER_ACCEPTED); VALUE(OTRL_SESSIONID_SECOND_HALF_BOLD);
    VALUE(OTRL_SMP_EXPECT1); VALUE(OTRL_SMP_EXPECT5); VALUE(OTRL_SMP_PROG_OK); VALUE(OTRL_SMP_PROG_CHEATED);
    VALUE(OTRL_SMP_PROG_FAILED); VALUE(OTRL_SMP_PROG_SUCCEEDED); VALUE(OTRL_ERRCODE_MSG_MALFORMED);
    VALUE(OTRL_SMPEVENT_ERROR); VALUE(OTRL_SMPEVENT_FAILURE); VALUE(OTRL_MSGEVENT_ENCRYPTION_REQUIRED);
    VALUE(OTRL_MSGEVENT_MSG_RESENT); VALUE(OTRL_MSGEVENT_RCVDMSG_UNENCRYPTED);
    VALUE(OTRL_MSGEVENT_RCVDMSG_FOR_OTHER_INSTANCE); VALUE(OTRL_CONVERT_RECEIVING); VALUE(OTRL_NOTIFY_INFO);
    VALUE(OTRL_FRAGMENT_SEND_SKIP); VALUE(OTRL_FRAGMENT_SEND_ALL_BUT_LAST); VALUE(OTRL_FRAGMENT_COMPLETE);
    VALUE(OTRL_MSGTYPE_NOTOTR); VALUE(OTRL_MSGTYPE_DATA); VALUE(OTRL_MSGTYPE_UNKNOWN); VALUE(OTRL_INSTAG_BEST);
    VALUE(OTRL_INSTAG_RECENT_SENT); VALUE(OTRL_MIN_VALID_INSTAG); VALUE(OTRL_TLV_DISCONNECTED); VALUE(OTRL_TLV_SMP1Q);
    VALUE(OTRL_TLV_SYMKEY); VALUE(OTRL_EXTRAKEY_BYTES); VALUE(OTRL_PRIVKEY_FPRINT_HUMAN_LEN); VALUE(OTRL_PUBKEY_TYPE_DSA);
    VALUE(OTRL_MSGFLAGS_IGNORE_UNREADABLE); VALUE(OTRL_B64_MAX_DECODED_SIZE(5)); VALUE(OTRL_HEADER_LEN);
    VALUE(OTRL_VERSION_MAJOR); VALUE(OTRL_VERSION_MINOR); VALUE(OTRL_VERSION_SUB); TEXT(OTRL_VERSION);
    TEXT(OTRL_MESSAGE_TAG_BASE); TEXT(OTRL_MESSAGE_TAG_V1); TEXT(OTRL_MESSAGE_TAG_V2); TEXT(OTRL_MESSAGE_TAG_V3);
    TEXT(OTR_ERROR_PREFIX);
    return 0;
}
