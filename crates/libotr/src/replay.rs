//! Calling the application: each question and each event on its way out.
//!
//! Applications call back into the library from callbacks, free contexts, or replace trust. So a context is named
//! by its instance tag and looked up for each call, nothing borrowed is alive during one, and a context that is
//! gone is told nothing.

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr;
use std::ffi::CString;
use std::sync::Arc;

use otr::{Account, Conversation, Env, ErrorCode, Policy, Strangers};

use crate::boundary::{c_string, now, text};
use crate::context::otrl_context_find;
use crate::fragment::cut;
use crate::instag::otrl_instag_find;
use crate::layout::{ConnContext, GcryError, InsTag, OtrlMessageAppOps, OtrlUserState, instag, policy};
use crate::privkey::{account_of, otrl_privkey_find};
use crate::proto::versions_of;
use crate::{mirror, userstate};

/// OtrlFragmentPolicy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FragmentPolicy {
    /// Hand the whole message back.
    Skip,
    /// Send all.
    All,
    /// Hand the first piece back.
    AllButFirst,
    /// Hand the last piece back.
    AllButLast,
}

impl FragmentPolicy {
    /// From C's number; an unknown one sends nothing by itself.
    pub fn from_c(number: c_int) -> Self {
        match number {
            1 => Self::All,
            2 => Self::AllButFirst,
            3 => Self::AllButLast,
            _ => Self::Skip,
        }
    }
}

/// One application, one account, one correspondent, for the time of one call.
pub struct Caller {
    us: *mut OtrlUserState,
    ops: *const OtrlMessageAppOps,
    opdata: *mut c_void,
    user: CString,
    account: CString,
    protocol: CString,
}

impl Caller {
    /// The names are copied: they may belong to a context.
    ///
    /// # Safety
    /// A live user state and a table of callbacks or NULL, both for as long as the result is used.
    pub unsafe fn new(
        us: *mut OtrlUserState,
        ops: *const OtrlMessageAppOps,
        opdata: *mut c_void,
        [user, account, protocol]: [CString; 3],
    ) -> Self {
        Self {
            us,
            ops,
            opdata,
            user,
            account,
            protocol,
        }
    }

    /// The user state.
    pub fn user_state(&self) -> *mut OtrlUserState {
        self.us
    }

    /// The account's name.
    pub fn account_name(&self) -> &[u8] {
        self.account.to_bytes()
    }

    /// The context of a device, or of the best one, as it is now; NULL if there is none.
    pub fn context(&self, at: InsTag) -> *mut ConnContext {
        let (user, account, protocol) = (self.user.as_ptr(), self.account.as_ptr(), self.protocol.as_ptr());
        let none = ptr::null_mut();
        // SAFETY: a live user state and three C strings; nothing is made.
        unsafe {
            otrl_context_find(
                self.us,
                user,
                account,
                protocol,
                at,
                0,
                none,
                None,
                ptr::null_mut(),
            )
        }
    }

    /// The three names for a function of the library.
    pub fn names(&self) -> [*const c_char; 3] {
        [self.user.as_ptr(), self.account.as_ptr(), self.protocol.as_ptr()]
    }

    /// The policy for a device.
    pub fn policy(&self, at: InsTag) -> c_uint {
        let context = self.context(at);
        match self.ops().and_then(|ops| ops.policy) {
            // SAFETY: libotr's contract for this callback; the context is live.
            Some(ask) if !context.is_null() => unsafe { ask(self.opdata, context) },
            _ => policy::DEFAULT,
        }
    }

    /// Sends one message of the carrier.
    pub fn inject(&self, message: &[u8]) {
        if let Some(inject) = self.ops().and_then(|ops| ops.inject_message) {
            let message = c_string(message);
            let (user, account, protocol) =
                (self.user.as_ptr(), self.account.as_ptr(), self.protocol.as_ptr());
            // SAFETY: libotr's contract for this callback.
            unsafe { inject(self.opdata, account, protocol, user, message.as_ptr()) };
        }
    }

    /// Sends a message, in pieces if the carrier wants it so; returns what the fragment policy keeps back.
    pub fn fragment_and_send(&self, at: InsTag, message: &[u8], how: FragmentPolicy) -> Option<Vec<u8>> {
        self.ops().and_then(|ops| ops.inject_message)?;
        let limit = self.carrier_limit(at);
        let context = self.context(at);
        let too_long = limit > 0 && message.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        let pieces = if too_long && !context.is_null() {
            // SAFETY: the context was looked up just now.
            unsafe { cut(limit, context, message) }
        } else {
            None
        };
        let Some(mut pieces) = pieces else {
            if how == FragmentPolicy::All {
                self.inject(message);
                return None;
            }
            return Some(message.to_vec());
        };
        let kept = match how {
            FragmentPolicy::AllButFirst => Some(pieces.remove(0)),
            FragmentPolicy::AllButLast => pieces.pop(),
            FragmentPolicy::All | FragmentPolicy::Skip => None,
        };
        for piece in pieces {
            self.inject(&piece);
        }
        kept
    }

    /// Tells that the list of contexts has changed.
    pub fn update_context_list(&self) {
        if let Some(tell) = self.ops().and_then(|ops| ops.update_context_list) {
            // SAFETY: libotr's contract for this callback.
            unsafe { tell(self.opdata) };
        }
    }

    /// Tells of a key that was not known.
    pub fn new_fingerprint(&self, mut fingerprint: [u8; 20]) {
        if let Some(tell) = self.ops().and_then(|ops| ops.new_fingerprint) {
            let [user, account, protocol] = self.names();
            let bytes = fingerprint.as_mut_ptr();
            // SAFETY: libotr's contract for this callback; the bytes outlive it.
            unsafe { tell(self.opdata, self.us, account, protocol, user, bytes) };
        }
    }

    /// Asks for the fingerprints to be stored.
    pub fn write_fingerprints(&self) {
        if let Some(tell) = self.ops().and_then(|ops| ops.write_fingerprints) {
            // SAFETY: libotr's contract for this callback.
            unsafe { tell(self.opdata) };
        }
    }

    /// Tells that a private conversation stands.
    pub fn gone_secure(&self, at: InsTag) {
        let context = self.context(at);
        if let Some(tell) = self.ops().and_then(|ops| ops.gone_secure)
            && !context.is_null()
        {
            // SAFETY: libotr's contract for this callback; the context is live.
            unsafe { tell(self.opdata, context) };
        }
    }

    /// Tells that a private conversation has new keys.
    pub fn still_secure(&self, at: InsTag, initiated: bool) {
        let context = self.context(at);
        if let Some(tell) = self.ops().and_then(|ops| ops.still_secure)
            && !context.is_null()
        {
            // SAFETY: libotr's contract for this callback; the context is live.
            unsafe { tell(self.opdata, context, c_int::from(initiated)) };
        }
    }

    /// Tells of the extra symmetric key.
    pub fn received_symkey(&self, at: InsTag, usage: u32, data: &[u8], key: &[u8; 32]) {
        let context = self.context(at);
        if let Some(tell) = self.ops().and_then(|ops| ops.received_symkey)
            && !context.is_null()
        {
            let opdata = self.opdata;
            // SAFETY: libotr's contract for this callback; the context is live, the blocks outlive it.
            unsafe { tell(opdata, context, usage, data.as_ptr(), data.len(), key.as_ptr()) };
        }
    }

    /// Hands the application's words for an error, if it has any, to `act`, and then gives them back.
    pub fn with_error_words<T>(
        &self,
        at: InsTag,
        code: ErrorCode,
        act: impl FnOnce(&[u8]) -> T,
    ) -> Option<T> {
        let ask = self.ops().and_then(|ops| ops.otr_error_message)?;
        let context = self.context(at);
        let code = match code {
            ErrorCode::EncryptionError => 1,
            ErrorCode::NotInPrivate => 2,
            ErrorCode::Unreadable => 3,
            ErrorCode::Malformed => 4,
        };
        // SAFETY: libotr's contract for these callbacks: the words may be NULL, stay until they are given back, and
        // nobody may be there to take them back.
        unsafe {
            let words = ask(self.opdata, context, code);
            let done = text(words).map(act);
            if let Some(free) = self.ops().and_then(|ops| ops.otr_error_message_free)
                && !words.is_null()
            {
                free(self.opdata, words);
            }
            done
        }
    }

    /// What stands before a text that is sent again.
    pub fn resent_prefix(&self, at: InsTag) -> Vec<u8> {
        let context = self.context(at);
        let Some(ask) = self.ops().and_then(|ops| ops.resent_msg_prefix) else {
            return b"[resent]".to_vec();
        };
        // SAFETY: as for `error_words`.
        unsafe {
            let prefix = ask(self.opdata, context);
            let copy = text(prefix).unwrap_or_default().to_vec();
            if let Some(free) = self.ops().and_then(|ops| ops.resent_msg_prefix_free)
                && !prefix.is_null()
            {
                free(self.opdata, prefix);
            }
            copy
        }
    }

    /// Tells how the socialist millionaires' protocol moved. Returns whether anybody listens.
    pub fn smp_event(&self, at: InsTag, event: c_int, percent: u16, question: Option<&[u8]>) {
        let context = self.context(at);
        if let Some(tell) = self.ops().and_then(|ops| ops.handle_smp_event)
            && !context.is_null()
        {
            let question = question.map(c_string);
            let words = question
                .as_ref()
                .map_or(ptr::null(), |question| question.as_ptr());
            // SAFETY: libotr's contract for this callback; the context is live, the question outlives it.
            unsafe { tell(self.opdata, event, context, percent, words.cast_mut()) };
        }
    }

    /// Whether anybody listens to [`message_event`](Self::message_event).
    pub fn hears_message_events(&self) -> bool {
        self.ops().and_then(|ops| ops.handle_msg_event).is_some()
    }

    /// Tells what became of a message.
    pub fn message_event(&self, at: InsTag, event: c_int, message: Option<&[u8]>, error: GcryError) {
        let context = self.context(at);
        if let Some(tell) = self.ops().and_then(|ops| ops.handle_msg_event)
            && !context.is_null()
        {
            let message = message.map(c_string);
            let words = message.as_ref().map_or(ptr::null(), |message| message.as_ptr());
            // SAFETY: libotr's contract for this callback; the context is live, the message outlives it.
            unsafe { tell(self.opdata, event, context, words, error) };
        }
    }

    /// The application's form of a text, on its way out (0) or in (1); `None` to leave it as it is.
    pub fn converted(&self, at: InsTag, direction: c_int, words: &[u8]) -> Option<Vec<u8>> {
        let convert = self.ops().and_then(|ops| ops.convert_msg)?;
        let context = self.context(at);
        if context.is_null() {
            return None;
        }
        let words = c_string(words);
        let mut converted = ptr::null_mut();
        // SAFETY: libotr's contract for these callbacks; the context is looked up again for the second.
        unsafe {
            convert(
                self.opdata,
                context,
                direction,
                &raw mut converted,
                words.as_ptr(),
            );
            let copy = text(converted).map(<[u8]>::to_vec);
            if let Some(free) = self.ops().and_then(|ops| ops.convert_free)
                && !converted.is_null()
            {
                free(self.opdata, self.context(at), converted);
            }
            copy
        }
    }

    /// Starts or stops the application's timer.
    pub fn timer_control(&self, interval: c_uint) -> bool {
        let Some(control) = self.ops().and_then(|ops| ops.timer_control) else {
            return false;
        };
        // SAFETY: libotr's contract for this callback.
        unsafe { control(self.opdata, interval) };
        true
    }

    /// Whether the application thinks that the other side is there.
    pub fn is_logged_in(&self) -> bool {
        let Some(ask) = self.ops().and_then(|ops| ops.is_logged_in) else {
            return false;
        };
        let [user, account, protocol] = self.names();
        // SAFETY: libotr's contract for this callback.
        unsafe { ask(self.opdata, account, protocol, user) == 1 }
    }

    /// Whether the account has a key, after asking the application for one.
    pub fn has_key(&self) -> bool {
        let [_, account, protocol] = self.names();
        // SAFETY: a live user state and two C strings; the callback may load keys anew.
        unsafe {
            if otrl_privkey_find(self.us, account, protocol).is_null()
                && let Some(create) = self.ops().and_then(|ops| ops.create_privkey)
            {
                create(self.opdata, account, protocol);
            }
            !otrl_privkey_find(self.us, account, protocol).is_null()
        }
    }

    /// Sees to it that a context knows our own instance tag.
    pub fn settle_our_tag(&self, at: InsTag) {
        let [_, account, protocol] = self.names();
        // SAFETY: a live user state and two C strings; the context is looked up after the callback.
        unsafe {
            let context = self.context(at);
            if context.is_null() || (*context).our_instance != 0 {
                return;
            }
            if otrl_instag_find(self.us, account, protocol).is_null()
                && let Some(create) = self.ops().and_then(|ops| ops.create_instag)
            {
                create(self.opdata, account, protocol);
            }
            let known = otrl_instag_find(self.us, account, protocol);
            let tag = match known.as_ref() {
                Some(known) if known.instag >= instag::MIN_VALID => known.instag,
                _ => userstate::made_up_tag(self.us, self.account.clone(), self.protocol.clone()),
            };
            let context = self.context(at);
            if !context.is_null() {
                (*context).our_instance = tag;
            }
        }
    }

    /// Runs the core on this conversation. `act` does not call the application.
    pub fn core<T>(
        &self,
        at: InsTag,
        policy: c_uint,
        act: impl FnOnce(&mut Conversation, &mut Env<'_>) -> T,
    ) -> Option<T> {
        let context = self.context(at);
        if context.is_null() {
            return None;
        }
        // SAFETY: the context was looked up just now, and no callback runs before the end.
        unsafe {
            if (*context).m_context.is_null() {
                return None;
            }
            let account = self.our_account((*context).our_instance);
            mirror::remember_account(context, &account);
            Some(mirror::with_conversation(
                context,
                &account,
                core_policy(policy),
                act,
            ))
        }
    }

    /// Shows what the core knows of a device.
    pub fn refresh(&self, at: InsTag) {
        let context = self.context(at);
        if !context.is_null() {
            // SAFETY: the context was looked up just now.
            unsafe { mirror::refresh(context) };
        }
    }

    /// Notes that something went out.
    pub fn note_sent(&self, at: InsTag) {
        let context = self.context(at);
        if !context.is_null() {
            // SAFETY: the context was looked up just now.
            unsafe {
                (*(*context).context_priv).lastsent = now();
                crate::context::otrl_context_update_recent_child(context, 1);
            }
        }
    }

    /// The table of callbacks. Each callback is copied out of it before it is called.
    fn ops(&self) -> Option<&OtrlMessageAppOps> {
        // SAFETY: the application keeps its table, if it has one, for the time of the call, as `new` demands.
        unsafe { self.ops.as_ref() }
    }

    fn carrier_limit(&self, at: InsTag) -> c_int {
        let context = self.context(at);
        match self.ops().and_then(|ops| ops.max_message_size) {
            // SAFETY: libotr's contract for this callback; the context is live.
            Some(ask) if !context.is_null() => unsafe { ask(self.opdata, context) },
            _ => 0,
        }
    }

    fn our_account(&self, tag: InsTag) -> Arc<Account> {
        let [_, account, protocol] = self.names();
        // SAFETY: a live user state and two C strings.
        unsafe {
            let key = otrl_privkey_find(self.us, account, protocol);
            let known = if key.is_null() { None } else { account_of(key, tag) };
            known.unwrap_or_else(|| userstate::keyless_account(self.us, tag))
        }
    }
}

/// The core's policy for libotr's bits. What the application decides by events, the core leaves to it.
pub fn core_policy(bits: c_uint) -> Policy {
    let base = Policy::manual();
    let limits = otr::Limits {
        message_bytes: 4 << 20,
        sessions: crate::context::MAX_CHILDREN + 2,
        queries: (512, core::time::Duration::from_millis(50)),
        handshakes: (512, core::time::Duration::from_millis(50)),
        errors: (32, core::time::Duration::from_secs(1)),
        // Heartbeats go by the time that applications see in `context_priv`.
        heartbeat: core::time::Duration::MAX,
        text_bytes: 2 << 20,
        ..base.limits
    };
    Policy {
        versions: versions_of(bits),
        require_encryption: bits & policy::REQUIRE_ENCRYPTION != 0,
        strangers: Strangers::Answer,
        padding_bucket: 0,
        tell_records: true,
        limits,
        ..base
    }
}
