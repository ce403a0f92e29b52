//! Prints the sizes and offsets of the structs as this crate has them, in the words of `interop/abi/layout.c`.

use core::mem::{offset_of, size_of};

use otr5::layout::{
    ConnContext, ConnContextPriv, DhKeypair, DhSesskeys, Fingerprint, OtrlAuthInfo, OtrlInsTag,
    OtrlMessageAppOps, OtrlPendingPrivKey, OtrlPrivKey, OtrlSMState, OtrlTLV, OtrlUserState,
};

macro_rules! sizes {
    ($($type:ty = $name:literal),* $(,)?) => {$(println!("sizeof {} {}", $name, size_of::<$type>());)*};
}

macro_rules! places {
    ($type:ty = $name:literal: $($field:ident $size:literal),* $(,)?) => {
        $(println!("{}.{} {} {}", $name, stringify!($field), offset_of!($type, $field), $size);)*
    };
}

fn main() {
    sizes!(
        OtrlUserState = "struct s_OtrlUserState",
        ConnContext = "ConnContext",
        ConnContextPriv = "ConnContextPriv",
        Fingerprint = "Fingerprint",
        OtrlPrivKey = "OtrlPrivKey",
        OtrlPendingPrivKey = "OtrlPendingPrivKey",
        OtrlInsTag = "OtrlInsTag",
        OtrlTLV = "OtrlTLV",
        OtrlSMState = "OtrlSMState",
        OtrlAuthInfo = "OtrlAuthInfo",
        DhKeypair = "DH_keypair",
        DhSesskeys = "DH_sesskeys",
        OtrlMessageAppOps = "OtrlMessageAppOps",
    );
    places!(ConnContext = "ConnContext": next 8, tous 8, context_priv 8, username 8, accountname 8, protocol 8,
        m_context 8, recent_rcvd_child 8, recent_sent_child 8, recent_child 8, our_instance 4, their_instance 4,
        msgstate 4, auth 256, fingerprint_root 40, active_fingerprint 8, sessionid 20, sessionid_len 8,
        sessionid_half 4, protocol_version 4, otr_offer 4, app_data 8, app_data_free 8, smstate 8);
    places!(ConnContextPriv = "ConnContextPriv": fragment 8, fragment_len 8, fragment_n 2, fragment_k 2,
        their_keyid 4, our_keyid 4, generation 4, lastsent 8, lastrecv 8, lastmessage 8, may_retransmit 4);
    places!(Fingerprint = "Fingerprint": next 8, tous 8, fingerprint 8, context 8, trust 8);
    places!(OtrlPrivKey = "OtrlPrivKey": accountname 8, protocol 8, pubkey_type 2, privkey 8, pubkey_data 8,
        pubkey_datalen 8);
    places!(OtrlAuthInfo = "OtrlAuthInfo": authstate 4, context 8, their_fingerprint 20, initiated 4,
        protocol_version 4, secure_session_id_len 8, lastauthmsg 8, commit_sent_time 8);
    places!(DhSesskeys = "DH_sesskeys": sendmackey 20, rcvmacused 4, extrakey 32);
    places!(OtrlMessageAppOps = "OtrlMessageAppOps": policy 8, create_privkey 8, is_logged_in 8, inject_message 8,
        update_context_list 8, new_fingerprint 8, write_fingerprints 8, gone_secure 8, gone_insecure 8,
        still_secure 8, max_message_size 8, account_name 8, account_name_free 8, received_symkey 8,
        otr_error_message 8, otr_error_message_free 8, resent_msg_prefix 8, resent_msg_prefix_free 8,
        handle_smp_event 8, handle_msg_event 8, create_instag 8, convert_msg 8, convert_free 8, timer_control 8);
}
