//! Applications in Rust that speak to the library through its C interface alone.
#![allow(dead_code, reason = "not every test uses everything")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "tests: live objects, C strings, one thread"
)]

use core::ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_ushort, c_void};
use core::ptr;
use std::ffi::CString;

use otr5::layout::{ConnContext, OtrlMessageAppOps, OtrlTLV, OtrlUserState};

pub const PROTOCOL: &CStr = c"prpl";

/// One person with a user state and callbacks that write down what they were told.
pub struct App {
    pub us: *mut OtrlUserState,
    pub name: &'static CStr,
    pub peer: &'static CStr,
    pub policy: c_uint,
    pub sent: Vec<Vec<u8>>,
    pub told: Vec<String>,
    pub ops: OtrlMessageAppOps,
    /// What a callback does beside writing down; it gets the application and the context.
    pub on_smp: Option<fn(&mut Self, *mut ConnContext, c_int)>,
    pub on_secure: Option<fn(&mut Self, *mut ConnContext)>,
}

/// What receiving gave.
#[derive(Debug, PartialEq, Eq)]
pub struct Received {
    pub internal: bool,
    pub text: Option<String>,
    pub tlvs: Vec<u16>,
}

impl App {
    pub fn new(name: &'static CStr, peer: &'static CStr) -> Box<Self> {
        otr5::otrl_init(4, 1, 1);
        let mut app = Box::new(Self {
            us: otr5::otrl_userstate_create(),
            name,
            peer,
            policy: 6,
            sent: Vec::new(),
            told: Vec::new(),
            ops: ops(),
            on_smp: None,
            on_secure: None,
        });
        app.load_key();
        app
    }

    pub fn data(&mut self) -> *mut c_void {
        (self as *mut Self).cast()
    }

    /// A key made for the tests, by way of a stream as a program would.
    fn load_key(&mut self) {
        unsafe {
            let file = libc::tmpfile();
            let key = include_bytes!("../keys.txt");
            assert_eq!(libc::fwrite(key.as_ptr().cast(), 1, key.len(), file), key.len());
            libc::rewind(file);
            assert_eq!(otr5::otrl_privkey_read_FILEp(self.us, file), 0);
            libc::fclose(file);
        }
    }

    pub fn say(&mut self, text: &CStr) -> (u32, Option<String>) {
        self.say_to(1, text)
    }

    pub fn say_to(&mut self, instance: c_uint, text: &CStr) -> (u32, Option<String>) {
        let mut out = ptr::null_mut();
        let data = self.data();
        unsafe {
            let error = otr5::otrl_message_sending(
                self.us,
                &raw const self.ops,
                data,
                self.name.as_ptr(),
                PROTOCOL.as_ptr(),
                self.peer.as_ptr(),
                instance,
                text.as_ptr(),
                ptr::null_mut(),
                &raw mut out,
                1,
                ptr::null_mut(),
                None,
                ptr::null_mut(),
            );
            let message = taken(out);
            if error == 0 && message.is_none() {
                self.sent.push(text.to_bytes().to_vec());
            }
            (error, message)
        }
    }

    pub fn hear(&mut self, message: &[u8]) -> Received {
        let message = CString::new(message).unwrap_or_default();
        let mut out = ptr::null_mut();
        let mut tlvs: *mut OtrlTLV = ptr::null_mut();
        let data = self.data();
        unsafe {
            let internal = otr5::otrl_message_receiving(
                self.us,
                &raw const self.ops,
                data,
                self.name.as_ptr(),
                PROTOCOL.as_ptr(),
                self.peer.as_ptr(),
                message.as_ptr(),
                &raw mut out,
                &raw mut tlvs,
                ptr::null_mut(),
                None,
                ptr::null_mut(),
            );
            let mut kinds = Vec::new();
            let mut tlv = tlvs;
            while !tlv.is_null() {
                kinds.push((*tlv).kind);
                tlv = (*tlv).next;
            }
            otr5::otrl_tlv_free(tlvs);
            Received {
                internal: internal == 1,
                text: taken(out),
                tlvs: kinds,
            }
        }
    }

    pub fn context(&self, instance: c_uint) -> *mut ConnContext {
        let none = ptr::null_mut();
        let (user, account) = (self.peer.as_ptr(), self.name.as_ptr());
        unsafe {
            otr5::otrl_context_find(
                self.us,
                user,
                account,
                PROTOCOL.as_ptr(),
                instance,
                0,
                none,
                None,
                ptr::null_mut(),
            )
        }
    }

    pub fn state(&self) -> c_int {
        let context = self.context(1);
        if context.is_null() {
            0
        } else {
            unsafe { (*context).msgstate }
        }
    }

    pub fn smp(&mut self, question: Option<&CStr>, secret: &[u8]) {
        let (context, data) = (self.context(1), self.data());
        let question = question.map_or(ptr::null(), CStr::as_ptr);
        let (bytes, length) = (secret.as_ptr(), secret.len());
        unsafe {
            otr5::otrl_message_initiate_smp_q(
                self.us,
                &raw const self.ops,
                data,
                context,
                question,
                bytes,
                length,
            );
        }
    }

    pub fn answer(&mut self, secret: &[u8]) {
        let (context, data) = (self.context(1), self.data());
        let (bytes, length) = (secret.as_ptr(), secret.len());
        unsafe { otr5::otrl_message_respond_smp(self.us, &raw const self.ops, data, context, bytes, length) };
    }

    pub fn end(&mut self) {
        let data = self.data();
        let names = (self.name.as_ptr(), PROTOCOL.as_ptr(), self.peer.as_ptr());
        unsafe {
            otr5::otrl_message_disconnect(self.us, &raw const self.ops, data, names.0, names.1, names.2, 1)
        };
    }

    pub fn take_told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        unsafe { otr5::otrl_userstate_free(self.us) };
    }
}

/// Carries everything both ways until silence; what each side was shown.
pub fn carry(alice: &mut App, bob: &mut App) -> Vec<(char, Received)> {
    let mut shown = Vec::new();
    while !alice.sent.is_empty() || !bob.sent.is_empty() {
        for message in std::mem::take(&mut alice.sent) {
            shown.push(('b', bob.hear(&message)));
        }
        for message in std::mem::take(&mut bob.sent) {
            shown.push(('a', alice.hear(&message)));
        }
    }
    shown
}

/// Two people in a private conversation of this version.
pub fn private_pair(policy: c_uint) -> (Box<App>, Box<App>) {
    let mut alice = App::new(c"alice", c"bob");
    let mut bob = App::new(c"bob", c"alice");
    (alice.policy, bob.policy) = (policy, policy);
    alice.say(c"?OTR?");
    carry(&mut alice, &mut bob);
    assert_eq!(
        (alice.state(), bob.state()),
        (1, 1),
        "{:?} {:?}",
        alice.told,
        bob.told
    );
    alice.told.clear();
    bob.told.clear();
    (alice, bob)
}

unsafe fn taken(text: *mut c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    unsafe {
        let copy = CStr::from_ptr(text).to_string_lossy().into_owned();
        otr5::otrl_message_free(text);
        Some(copy)
    }
}

unsafe fn app<'a>(data: *mut c_void) -> &'a mut App {
    unsafe { &mut *data.cast::<App>() }
}

fn ops() -> OtrlMessageAppOps {
    unsafe extern "C" fn policy(data: *mut c_void, _: *mut ConnContext) -> c_uint {
        unsafe { app(data) }.policy
    }
    unsafe extern "C" fn logged_in(
        _: *mut c_void,
        _: *const c_char,
        _: *const c_char,
        _: *const c_char,
    ) -> c_int {
        1
    }
    unsafe extern "C" fn inject(
        data: *mut c_void,
        _: *const c_char,
        _: *const c_char,
        _: *const c_char,
        message: *const c_char,
    ) {
        let message = unsafe { CStr::from_ptr(message) }.to_bytes().to_vec();
        unsafe { app(data) }.sent.push(message);
    }
    unsafe extern "C" fn update(data: *mut c_void) {
        unsafe { app(data) }.told.push("list".into());
    }
    unsafe extern "C" fn new_fingerprint(
        data: *mut c_void,
        _: *mut OtrlUserState,
        _: *const c_char,
        _: *const c_char,
        _: *const c_char,
        _: *mut c_uchar,
    ) {
        unsafe { app(data) }.told.push("fingerprint".into());
    }
    unsafe extern "C" fn write(data: *mut c_void) {
        unsafe { app(data) }.told.push("write".into());
    }
    unsafe extern "C" fn secure(data: *mut c_void, context: *mut ConnContext) {
        let app = unsafe { app(data) };
        app.told.push("secure".into());
        if let Some(act) = app.on_secure {
            act(app, context);
        }
    }
    unsafe extern "C" fn still(data: *mut c_void, _: *mut ConnContext, reply: c_int) {
        unsafe { app(data) }.told.push(format!("still {reply}"));
    }
    unsafe extern "C" fn smp(
        data: *mut c_void,
        event: c_int,
        context: *mut ConnContext,
        percent: c_ushort,
        _: *mut c_char,
    ) {
        let app = unsafe { app(data) };
        app.told.push(format!("smp {event} {percent}"));
        if let Some(act) = app.on_smp {
            act(app, context, event);
        }
    }
    unsafe extern "C" fn event(
        data: *mut c_void,
        event: c_int,
        _: *mut ConnContext,
        _: *const c_char,
        _: c_uint,
    ) {
        unsafe { app(data) }.told.push(format!("event {event}"));
    }
    unsafe extern "C" fn symkey(
        data: *mut c_void,
        _: *mut ConnContext,
        usage: c_uint,
        _: *const c_uchar,
        length: usize,
        key: *const c_uchar,
    ) {
        let key = unsafe { *key.cast::<[u8; 32]>() };
        unsafe { app(data) }
            .told
            .push(format!("symkey {usage} {length} {key:?}"));
    }
    OtrlMessageAppOps {
        policy: Some(policy),
        create_privkey: None,
        is_logged_in: Some(logged_in),
        inject_message: Some(inject),
        update_context_list: Some(update),
        new_fingerprint: Some(new_fingerprint),
        write_fingerprints: Some(write),
        gone_secure: Some(secure),
        gone_insecure: None,
        still_secure: Some(still),
        max_message_size: None,
        account_name: None,
        account_name_free: None,
        received_symkey: Some(symkey),
        otr_error_message: None,
        otr_error_message_free: None,
        resent_msg_prefix: None,
        resent_msg_prefix_free: None,
        handle_smp_event: Some(smp),
        handle_msg_event: Some(event),
        create_instag: None,
        convert_msg: None,
        convert_free: None,
        timer_control: None,
    }
}
