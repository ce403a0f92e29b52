//! libotr's public structs, as its 4.1 headers lay them out.
//!
//! Programs were compiled against these offsets; the assertions at the end keep them. Fields that only the
//! inside of libotr used are there for their place and stay empty.
#![allow(
    missing_docs,
    reason = "field for field libotr's own names, which its headers explain"
)]
#![allow(
    clippy::use_self,
    reason = "a list of structs reads best with the names of the header"
)]

use core::ffi::{c_char, c_int, c_long, c_uchar, c_uint, c_ushort, c_void};

/// A gcry_mpi_t, gcry_sexp_t, gcry_cipher_hd_t or gcry_md_hd_t: a pointer that only libgcrypt follows.
pub type GcryptHandle = *mut c_void;
/// gcry_error_t.
pub type GcryError = c_uint;
/// otrl_instag_t.
pub type InsTag = c_uint;
/// time_t.
pub type Time = c_long;
/// `add_app_data`, called for each context that is made.
pub type AddAppData = Option<unsafe extern "C" fn(data: *mut c_void, context: *mut ConnContext)>;

#[repr(C)]
pub struct OtrlUserState {
    pub context_root: *mut ConnContext,
    pub privkey_root: *mut OtrlPrivKey,
    pub instag_root: *mut OtrlInsTag,
    pub pending_root: *mut OtrlPendingPrivKey,
    pub timer_running: c_int,
}

#[repr(C)]
pub struct OtrlPrivKey {
    pub next: *mut OtrlPrivKey,
    pub tous: *mut *mut OtrlPrivKey,
    pub accountname: *mut c_char,
    pub protocol: *mut c_char,
    pub pubkey_type: c_ushort,
    pub privkey: GcryptHandle,
    pub pubkey_data: *mut c_uchar,
    pub pubkey_datalen: usize,
}

#[repr(C)]
pub struct OtrlPendingPrivKey {
    pub next: *mut OtrlPendingPrivKey,
    pub tous: *mut *mut OtrlPendingPrivKey,
    pub accountname: *mut c_char,
    pub protocol: *mut c_char,
}

#[repr(C)]
pub struct OtrlInsTag {
    pub next: *mut OtrlInsTag,
    pub tous: *mut *mut OtrlInsTag,
    pub accountname: *mut c_char,
    pub protocol: *mut c_char,
    pub instag: InsTag,
}

#[repr(C)]
pub struct OtrlTLV {
    pub kind: c_ushort,
    pub len: c_ushort,
    pub data: *mut c_uchar,
    pub next: *mut OtrlTLV,
}

#[repr(C)]
pub struct Fingerprint {
    pub next: *mut Fingerprint,
    pub tous: *mut *mut Fingerprint,
    pub fingerprint: *mut c_uchar,
    pub context: *mut ConnContext,
    pub trust: *mut c_char,
}

#[repr(C)]
pub struct DhKeypair {
    pub groupid: c_uint,
    pub private: GcryptHandle,
    pub public: GcryptHandle,
}

#[repr(C)]
pub struct DhSesskeys {
    pub sendctr: [c_uchar; 16],
    pub rcvctr: [c_uchar; 16],
    pub sendenc: GcryptHandle,
    pub rcvenc: GcryptHandle,
    pub sendmac: GcryptHandle,
    pub sendmackey: [c_uchar; 20],
    pub sendmacused: c_int,
    pub rcvmac: GcryptHandle,
    pub rcvmackey: [c_uchar; 20],
    pub rcvmacused: c_int,
    pub extrakey: [c_uchar; 32],
}

#[repr(C)]
pub struct OtrlAuthInfo {
    pub authstate: c_int,
    pub context: *mut ConnContext,
    pub our_dh: DhKeypair,
    pub our_keyid: c_uint,
    pub encgx: *mut c_uchar,
    pub encgx_len: usize,
    pub r: [c_uchar; 16],
    pub hashgx: [c_uchar; 32],
    pub their_pub: GcryptHandle,
    pub their_keyid: c_uint,
    pub enc_c: GcryptHandle,
    pub enc_cp: GcryptHandle,
    pub mac_m1: GcryptHandle,
    pub mac_m1p: GcryptHandle,
    pub mac_m2: GcryptHandle,
    pub mac_m2p: GcryptHandle,
    pub their_fingerprint: [c_uchar; 20],
    pub initiated: c_int,
    pub protocol_version: c_uint,
    pub secure_session_id: [c_uchar; 20],
    pub secure_session_id_len: usize,
    pub session_id_half: c_int,
    pub lastauthmsg: *mut c_char,
    pub commit_sent_time: Time,
}

#[repr(C)]
pub struct OtrlSMState {
    pub secret: GcryptHandle,
    pub unused: [GcryptHandle; 10],
    pub next_expected: c_int,
    pub received_question: c_int,
    pub sm_prog_state: c_int,
}

#[repr(C)]
pub struct ConnContext {
    pub next: *mut ConnContext,
    pub tous: *mut *mut ConnContext,
    pub context_priv: *mut ConnContextPriv,
    pub username: *mut c_char,
    pub accountname: *mut c_char,
    pub protocol: *mut c_char,
    pub m_context: *mut ConnContext,
    pub recent_rcvd_child: *mut ConnContext,
    pub recent_sent_child: *mut ConnContext,
    pub recent_child: *mut ConnContext,
    pub our_instance: InsTag,
    pub their_instance: InsTag,
    pub msgstate: c_int,
    pub auth: OtrlAuthInfo,
    pub fingerprint_root: Fingerprint,
    pub active_fingerprint: *mut Fingerprint,
    pub sessionid: [c_uchar; 20],
    pub sessionid_len: usize,
    pub sessionid_half: c_int,
    pub protocol_version: c_uint,
    pub otr_offer: c_int,
    pub app_data: *mut c_void,
    pub app_data_free: Option<unsafe extern "C" fn(*mut c_void)>,
    pub smstate: *mut OtrlSMState,
}

#[repr(C)]
pub struct ConnContextPriv {
    pub fragment: *mut c_char,
    pub fragment_len: usize,
    pub fragment_n: c_ushort,
    pub fragment_k: c_ushort,
    pub their_keyid: c_uint,
    pub their_y: GcryptHandle,
    pub their_old_y: GcryptHandle,
    pub our_keyid: c_uint,
    pub our_dh_key: DhKeypair,
    pub our_old_dh_key: DhKeypair,
    pub sesskeys: [[DhSesskeys; 2]; 2],
    pub numsavedkeys: c_uint,
    pub saved_mac_keys: *mut c_uchar,
    pub generation: c_uint,
    pub lastsent: Time,
    pub lastrecv: Time,
    pub lastmessage: *mut c_char,
    pub may_retransmit: c_int,
}

type Opdata = *mut c_void;
type Text = *const c_char;

#[repr(C)]
pub struct OtrlMessageAppOps {
    pub policy: Option<unsafe extern "C" fn(Opdata, *mut ConnContext) -> c_uint>,
    pub create_privkey: Option<unsafe extern "C" fn(Opdata, Text, Text)>,
    pub is_logged_in: Option<unsafe extern "C" fn(Opdata, Text, Text, Text) -> c_int>,
    pub inject_message: Option<unsafe extern "C" fn(Opdata, Text, Text, Text, Text)>,
    pub update_context_list: Option<unsafe extern "C" fn(Opdata)>,
    pub new_fingerprint:
        Option<unsafe extern "C" fn(Opdata, *mut OtrlUserState, Text, Text, Text, *mut c_uchar)>,
    pub write_fingerprints: Option<unsafe extern "C" fn(Opdata)>,
    pub gone_secure: Option<unsafe extern "C" fn(Opdata, *mut ConnContext)>,
    pub gone_insecure: Option<unsafe extern "C" fn(Opdata, *mut ConnContext)>,
    pub still_secure: Option<unsafe extern "C" fn(Opdata, *mut ConnContext, c_int)>,
    pub max_message_size: Option<unsafe extern "C" fn(Opdata, *mut ConnContext) -> c_int>,
    pub account_name: Option<unsafe extern "C" fn(Opdata, Text, Text) -> Text>,
    pub account_name_free: Option<unsafe extern "C" fn(Opdata, Text)>,
    pub received_symkey:
        Option<unsafe extern "C" fn(Opdata, *mut ConnContext, c_uint, *const c_uchar, usize, *const c_uchar)>,
    pub otr_error_message: Option<unsafe extern "C" fn(Opdata, *mut ConnContext, c_int) -> Text>,
    pub otr_error_message_free: Option<unsafe extern "C" fn(Opdata, Text)>,
    pub resent_msg_prefix: Option<unsafe extern "C" fn(Opdata, *mut ConnContext) -> Text>,
    pub resent_msg_prefix_free: Option<unsafe extern "C" fn(Opdata, Text)>,
    pub handle_smp_event:
        Option<unsafe extern "C" fn(Opdata, c_int, *mut ConnContext, c_ushort, *mut c_char)>,
    pub handle_msg_event: Option<unsafe extern "C" fn(Opdata, c_int, *mut ConnContext, Text, GcryError)>,
    pub create_instag: Option<unsafe extern "C" fn(Opdata, Text, Text)>,
    pub convert_msg: Option<unsafe extern "C" fn(Opdata, *mut ConnContext, c_int, *mut *mut c_char, Text)>,
    pub convert_free: Option<unsafe extern "C" fn(Opdata, *mut ConnContext, *mut c_char)>,
    pub timer_control: Option<unsafe extern "C" fn(Opdata, c_uint)>,
}

/// msgstate.
pub mod msgstate {
    use core::ffi::c_int;
    pub const PLAINTEXT: c_int = 0;
    pub const ENCRYPTED: c_int = 1;
    pub const FINISHED: c_int = 2;
}

/// authstate.
pub mod authstate {
    use core::ffi::c_int;
    pub const NONE: c_int = 0;
    pub const AWAITING_DHKEY: c_int = 1;
    pub const AWAITING_REVEALSIG: c_int = 2;
    pub const AWAITING_SIG: c_int = 3;
    pub const V1_SETUP: c_int = 4;
}

/// otr_offer.
pub mod offer {
    use core::ffi::c_int;
    pub const NOT: c_int = 0;
    pub const SENT: c_int = 1;
    pub const REJECTED: c_int = 2;
    pub const ACCEPTED: c_int = 3;
}

/// nextExpected of the socialist millionaires' protocol.
pub mod smp_expect {
    use core::ffi::c_int;
    pub const EXPECT1: c_int = 0;
    pub const EXPECT2: c_int = 1;
    pub const EXPECT3: c_int = 2;
    pub const EXPECT4: c_int = 3;
}

/// sm_prog_state.
pub mod smp_progress {
    use core::ffi::c_int;
    pub const CHEATED: c_int = -2;
    pub const FAILED: c_int = -1;
    pub const OK: c_int = 0;
    pub const SUCCEEDED: c_int = 1;
}

/// OtrlSMPEvent.
pub mod smp_event {
    use core::ffi::c_int;
    pub const ERROR: c_int = 1;
    pub const ABORT: c_int = 2;
    pub const CHEATED: c_int = 3;
    pub const ASK_FOR_ANSWER: c_int = 4;
    pub const ASK_FOR_SECRET: c_int = 5;
    pub const IN_PROGRESS: c_int = 6;
    pub const SUCCESS: c_int = 7;
    pub const FAILURE: c_int = 8;
}

/// OtrlMessageEvent.
pub mod msg_event {
    use core::ffi::c_int;
    pub const ENCRYPTION_REQUIRED: c_int = 1;
    pub const ENCRYPTION_ERROR: c_int = 2;
    pub const CONNECTION_ENDED: c_int = 3;
    pub const SETUP_ERROR: c_int = 4;
    pub const MSG_REFLECTED: c_int = 5;
    pub const MSG_RESENT: c_int = 6;
    pub const RCVDMSG_NOT_IN_PRIVATE: c_int = 7;
    pub const RCVDMSG_UNREADABLE: c_int = 8;
    pub const RCVDMSG_MALFORMED: c_int = 9;
    pub const LOG_HEARTBEAT_RCVD: c_int = 10;
    pub const LOG_HEARTBEAT_SENT: c_int = 11;
    pub const RCVDMSG_GENERAL_ERR: c_int = 12;
    pub const RCVDMSG_UNENCRYPTED: c_int = 13;
    pub const RCVDMSG_UNRECOGNIZED: c_int = 14;
    pub const RCVDMSG_FOR_OTHER_INSTANCE: c_int = 15;
}

/// OtrlPolicy, bit by bit.
pub mod policy {
    use core::ffi::c_uint;
    pub const ALLOW_V1: c_uint = 0x01;
    pub const ALLOW_V2: c_uint = 0x02;
    pub const ALLOW_V3: c_uint = 0x04;
    pub const VERSION_MASK: c_uint = 0x07;
    pub const REQUIRE_ENCRYPTION: c_uint = 0x08;
    pub const SEND_WHITESPACE_TAG: c_uint = 0x10;
    pub const WHITESPACE_START_AKE: c_uint = 0x20;
    pub const ERROR_START_AKE: c_uint = 0x40;
    pub const DEFAULT: c_uint =
        ALLOW_V2 | ALLOW_V3 | SEND_WHITESPACE_TAG | WHITESPACE_START_AKE | ERROR_START_AKE;
}

/// The names that an `otrl_instag_t` below [`MIN_VALID`](instag::MIN_VALID) stands for.
pub mod instag {
    use super::InsTag;
    pub const MASTER: InsTag = 0;
    pub const BEST: InsTag = 1;
    pub const RECENT: InsTag = 2;
    pub const RECENT_RECEIVED: InsTag = 3;
    pub const RECENT_SENT: InsTag = 4;
    pub const MIN_VALID: InsTag = 0x100;
}

/// Sizes and offsets measured on the distribution's headers, 64 bits.
#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<OtrlUserState>() == 40 && offset_of!(OtrlUserState, timer_running) == 32);
    assert!(size_of::<OtrlPrivKey>() == 64 && offset_of!(OtrlPrivKey, privkey) == 40);
    assert!(size_of::<OtrlPendingPrivKey>() == 32);
    assert!(size_of::<OtrlInsTag>() == 40 && offset_of!(OtrlInsTag, instag) == 32);
    assert!(size_of::<OtrlTLV>() == 24 && offset_of!(OtrlTLV, data) == 8);
    assert!(size_of::<Fingerprint>() == 40 && offset_of!(Fingerprint, trust) == 32);
    assert!(size_of::<DhKeypair>() == 24 && size_of::<DhSesskeys>() == 144);
    assert!(offset_of!(DhSesskeys, extrakey) == 112);
    assert!(size_of::<OtrlAuthInfo>() == 256 && offset_of!(OtrlAuthInfo, commit_sent_time) == 248);
    assert!(offset_of!(OtrlAuthInfo, their_fingerprint) == 176);
    assert!(offset_of!(OtrlAuthInfo, secure_session_id_len) == 224);
    assert!(size_of::<OtrlSMState>() == 104 && offset_of!(OtrlSMState, next_expected) == 88);
    assert!(size_of::<ConnContext>() == 472 && offset_of!(ConnContext, our_instance) == 80);
    assert!(offset_of!(ConnContext, auth) == 96 && offset_of!(ConnContext, fingerprint_root) == 352);
    assert!(offset_of!(ConnContext, sessionid_len) == 424 && offset_of!(ConnContext, app_data) == 448);
    assert!(offset_of!(ConnContext, smstate) == 464);
    assert!(size_of::<OtrlMessageAppOps>() == 192);
};
