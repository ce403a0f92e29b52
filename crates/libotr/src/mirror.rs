//! Between the core's `Conversation`, which decides, and the C structs, which show.
//!
//! A conversation hangs behind its master's `context_priv`. Before each call into the core, what applications
//! write into the structs is read back; after it, the structs are refreshed. Nothing here calls back into the
//! application, and no reference to a struct or a conversation outlives one function.

use core::ffi::c_int;
use core::ptr;
use std::sync::Arc;

use otr::session::admission::{Kind, Waiting};
use otr::smp::Progress;
use otr::{
    Account, Conversation, Env, InstanceTag, Policy, Recipient, SessionState, SmpAction, Ssid, Version,
};
use zeroize::Zeroizing;

use crate::boundary::{guarded, rng, timestamp};
use crate::context::{FingerprintBytes, family, otrl_context_is_fingerprint_trusted};
use crate::fingerprints::{bytes_of, otrl_context_find_fingerprint, root_of};
use crate::layout::{
    ConnContext, ConnContextPriv, DhKeypair, DhSesskeys, Time, authstate, msgstate, smp_expect,
};
use crate::mem::free_wiped;

/// `context_priv`, and behind it what only Rust sees.
#[repr(C)]
struct Block {
    public: ConnContextPriv,
    hidden: Hidden,
}

/// What only Rust keeps for a context.
#[derive(Default)]
pub struct Hidden {
    /// On the master.
    conversation: Option<Conversation>,
    /// Our side, as it was at the last call.
    account: Option<Arc<Account>>,
    /// The application forced the context into the finished state.
    forced_finished: bool,
    /// The application was shown a run of the socialist millionaires' protocol; if its state is gone since, it
    /// wants the run forgotten.
    smp_shown: bool,
    /// The last text, in case it has to be sent again.
    pub held: Option<Held>,
}

/// A text that may go out once more.
pub struct Held {
    /// What the person wrote.
    pub text: Zeroizing<Vec<u8>>,
    /// When.
    pub at: Time,
    /// Why.
    pub why: Why,
}

/// Why a text is held.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It waits for a private conversation.
    NotPrivate,
    /// It went out, privately to this key.
    Sent(FingerprintBytes),
    /// It went out, privately to this key, and the other side reported an error since.
    PossiblyLost(FingerprintBytes),
}

/// A private part in which nothing has happened.
#[unsafe(no_mangle)]
pub extern "C" fn otrl_context_priv_new() -> *mut ConnContextPriv {
    guarded(ptr::null_mut(), new_private)
}

/// Forgets the keys of a private part.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otrl_context_priv_force_finished(private: *mut ConnContextPriv) {
    guarded((), || {
        if !private.is_null() {
            // SAFETY: the caller gives a live private part.
            unsafe { forget_keys(private) };
        }
    });
}

/// A private part in which nothing has happened.
pub fn new_private() -> *mut ConnContextPriv {
    let pair = || DhKeypair {
        groupid: 0,
        private: ptr::null_mut(),
        public: ptr::null_mut(),
    };
    let keys = || DhSesskeys {
        sendctr: [0; 16],
        rcvctr: [0; 16],
        sendenc: ptr::null_mut(),
        rcvenc: ptr::null_mut(),
        sendmac: ptr::null_mut(),
        sendmackey: [0; 20],
        sendmacused: 0,
        rcvmac: ptr::null_mut(),
        rcvmackey: [0; 20],
        rcvmacused: 0,
        extrakey: [0; 32],
    };
    let public = ConnContextPriv {
        fragment: ptr::null_mut(),
        fragment_len: 0,
        fragment_n: 0,
        fragment_k: 0,
        their_keyid: 0,
        their_y: ptr::null_mut(),
        their_old_y: ptr::null_mut(),
        our_keyid: 0,
        our_dh_key: pair(),
        our_old_dh_key: pair(),
        sesskeys: [[keys(), keys()], [keys(), keys()]],
        numsavedkeys: 0,
        saved_mac_keys: ptr::null_mut(),
        generation: 0,
        lastsent: 0,
        lastrecv: 0,
        lastmessage: ptr::null_mut(),
        may_retransmit: 0,
    };
    let hidden = Hidden::default();
    Box::into_raw(Box::new(Block { public, hidden })).cast()
}

/// Frees a private part.
///
/// # Safety
/// One of [`new_private`]'s that nobody uses any more, or NULL.
pub unsafe fn free_private(private: *mut ConnContextPriv) {
    if !private.is_null() {
        // SAFETY: every private part is a `Block`; its only C memory is the piece in the making.
        unsafe {
            free_wiped((*private).fragment);
            drop(Box::from_raw(private.cast::<Block>()));
        }
    }
}

/// What only Rust keeps for a context. The reference must be gone before any callback, and before the next one.
///
/// # Safety
/// A live context.
pub unsafe fn hidden<'a>(context: *mut ConnContext) -> &'a mut Hidden {
    // SAFETY: every private part is a `Block`, as long as its context lives.
    unsafe { &mut (*(*context).context_priv.cast::<Block>()).hidden }
}

/// Runs the core on the conversation of a context.
///
/// # Safety
/// A live context. `act` does not call back into the application.
pub unsafe fn with_conversation<T>(
    context: *mut ConnContext,
    account: &Account,
    policy: Policy,
    act: impl FnOnce(&mut Conversation, &mut Env<'_>) -> T,
) -> T {
    // SAFETY: the master of a live context is live; the references end with this function.
    unsafe {
        let master = (*context).m_context;
        let conversation = hidden(master)
            .conversation
            .get_or_insert_with(|| Conversation::new(policy.clone()));
        conversation.set_policy(policy);
        let mut fingerprint = (*root_of(master)).next;
        while !fingerprint.is_null() {
            if let Some(bytes) = bytes_of(fingerprint) {
                let trusted = otrl_context_is_fingerprint_trusted(fingerprint) != 0;
                conversation.set_trusted(otr::Fingerprint::from_bytes(bytes), trusted);
            }
            fingerprint = (*fingerprint).next;
        }
        let mut rng = rng();
        let mut env = Env {
            account,
            rng: &mut rng,
            now: timestamp(),
        };
        for member in family(master) {
            read_back_smp(member, conversation, &mut env);
        }
        act(conversation, &mut env)
    }
}

/// Remembers which account a context belongs to, for the functions that are not told.
///
/// # Safety
/// A live context.
pub unsafe fn remember_account(context: *mut ConnContext, account: &Arc<Account>) {
    // SAFETY: the master of a live context is live.
    unsafe { hidden((*context).m_context).account = Some(Arc::clone(account)) };
}

/// Shows what the core knows of one device.
///
/// # Safety
/// A live context.
pub unsafe fn refresh(context: *mut ConnContext) {
    // SAFETY: a live context and its master.
    unsafe {
        let Some(seen) = seen(context) else { return };
        match seen.state {
            SessionState::Encrypted(version) => {
                hidden(context).forced_finished = false;
                (*context).msgstate = msgstate::ENCRYPTED;
                (*context).protocol_version = u32::from(version.number());
                if let Some(bytes) = seen.fingerprint {
                    (*context).active_fingerprint =
                        otrl_context_find_fingerprint(context, bytes.as_ptr(), 1, ptr::null_mut());
                }
                if let Some(ssid) = seen.ssid {
                    let bytes = ssid.as_bytes();
                    (*context).sessionid = [0; 20];
                    let place = &raw mut (*context).sessionid;
                    ptr::copy_nonoverlapping(bytes.as_ptr(), place.cast(), bytes.len());
                    (*context).sessionid_len = bytes.len();
                    (*context).sessionid_half = c_int::from(ssid.half() == otr::Half::Second);
                }
                let private = (*context).context_priv;
                (*private).their_keyid = (*private).their_keyid.max(1);
                (*private).our_keyid = (*private).our_keyid.max(2);
            }
            SessionState::Finished => leave(context, msgstate::FINISHED),
            SessionState::Plaintext if hidden(context).forced_finished => leave(context, msgstate::FINISHED),
            SessionState::Plaintext => leave(context, msgstate::PLAINTEXT),
        }
        (*context).auth.authstate = match seen.auth {
            // A version-3 commitment to no device in particular.
            authstate::NONE if (*context).auth.commit_sent_time > 0 => authstate::AWAITING_DHKEY,
            auth => auth,
        };
    }
}

/// Puts a context into a state by the application's word: nothing is sent.
///
/// # Safety
/// A live context, or NULL.
pub unsafe fn force(context: *mut ConnContext, state: c_int) {
    // SAFETY: a live context and its master.
    unsafe {
        if context.is_null() || (*context).context_priv.is_null() {
            return;
        }
        let master = (*context).m_context;
        if !master.is_null()
            && let Some(account) = hidden(master).account.clone()
            && let Some(conversation) = &mut hidden(master).conversation
        {
            let mut rng = rng();
            let mut env = Env {
                account: &account,
                rng: &mut rng,
                now: timestamp(),
            };
            // What would tell the other side is dropped with the keys.
            drop(end(conversation, &mut env, recipient(context)));
        }
        hidden(context).forced_finished = state == msgstate::FINISHED;
        (*context).auth.commit_sent_time = 0;
        (*context).auth.authstate = authstate::NONE;
        leave(context, state);
    }
}

/// Ends our side with one device, a key exchange that is under way included; with the master, whose device is that of
/// versions 1 and 2, the offer to any device as well.
pub fn end(conversation: &mut Conversation, env: &mut Env<'_>, whom: Recipient) -> Vec<otr::Output> {
    if whom == Recipient::Tag(InstanceTag::ZERO) {
        conversation.withdraw_offer();
    }
    conversation.end(env, whom)
}

/// The core's name for a context's device.
///
/// # Safety
/// A live context.
pub unsafe fn recipient(context: *mut ConnContext) -> Recipient {
    // SAFETY: the caller's promise.
    Recipient::Tag(InstanceTag::from_raw(unsafe { (*context).their_instance }))
}

/// Notes that the application was shown a run of the socialist millionaires' protocol, or that it is over.
///
/// # Safety
/// A live context.
pub unsafe fn show_smp(context: *mut ConnContext, expected: c_int) {
    // SAFETY: a live context has a state for the protocol.
    unsafe {
        hidden(context).smp_shown = true;
        (*(*context).smstate).secret = crate::sm::shown();
        (*(*context).smstate).next_expected = expected;
    }
}

/// An application that frees the state of the protocol wants the run forgotten.
///
/// # Safety
/// A live context.
unsafe fn read_back_smp(context: *mut ConnContext, conversation: &mut Conversation, env: &mut Env<'_>) {
    // SAFETY: a live context; `conversation` lies behind its master, not behind its other fields.
    unsafe {
        let state = (*context).smstate;
        if state.is_null() || !(*state).secret.is_null() {
            return;
        }
        let whom = recipient(context);
        let session = conversation.session(whom);
        let running =
            session.and_then(|session| session.smp_progress().map(|progress| progress != Progress::Idle));
        let forgotten = (*state).next_expected == smp_expect::EXPECT1;
        if running == Some(true) && forgotten {
            drop(conversation.smp(env, whom, SmpAction::Abort));
        }
    }
}

struct Seen {
    state: SessionState,
    fingerprint: Option<FingerprintBytes>,
    ssid: Option<Ssid>,
    auth: c_int,
}

/// # Safety
/// A live context.
unsafe fn seen(context: *mut ConnContext) -> Option<Seen> {
    // SAFETY: the master of a live context is live; the reference ends with this function.
    unsafe {
        let conversation = hidden((*context).m_context).conversation.as_ref()?;
        let Some(session) = conversation.session(recipient(context)) else {
            return Some(Seen {
                state: SessionState::Plaintext,
                fingerprint: None,
                ssid: None,
                auth: authstate::NONE,
            });
        };
        let waiting = Version::ALL.map(|version| session.waiting(Kind::DhCommit, version, None));
        let waiting = waiting.into_iter().find(|waiting| *waiting != Waiting::Nothing);
        Some(Seen {
            state: session.state(),
            fingerprint: session
                .fingerprint()
                .and_then(|fingerprint| fingerprint.classic().copied()),
            ssid: session.ssid(),
            auth: match waiting {
                None | Some(Waiting::Nothing) => authstate::NONE,
                Some(Waiting::DhKey) => authstate::AWAITING_DHKEY,
                Some(Waiting::RevealSig) => authstate::AWAITING_REVEALSIG,
                Some(Waiting::Sig) => authstate::AWAITING_SIG,
                Some(Waiting::V1Setup) => authstate::V1_SETUP,
            },
        })
    }
}

/// # Safety
/// A live context.
unsafe fn leave(context: *mut ConnContext, state: c_int) {
    // SAFETY: a live context.
    unsafe {
        if (*context).msgstate == msgstate::ENCRYPTED {
            (*(*context).smstate).next_expected = smp_expect::EXPECT1;
        }
        (*context).msgstate = state;
        (*context).active_fingerprint = ptr::null_mut();
        (*context).sessionid = [0; 20];
        (*context).sessionid_len = 0;
        (*context).protocol_version = 0;
        forget_keys((*context).context_priv);
    }
}

/// # Safety
/// A live private part.
unsafe fn forget_keys(private: *mut ConnContextPriv) {
    // SAFETY: the caller's promise.
    unsafe {
        (*private).their_keyid = 0;
        (*private).our_keyid = 0;
    }
}
