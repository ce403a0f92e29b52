//! A JSON value that may hold words of people. It is wiped, and shows itself to nobody.

use std::fmt;

use serde_json::Value;
use zeroize::Zeroize;

/// A value that is wiped when it is dropped.
pub(crate) struct Wiped(Value);

impl Wiped {
    /// The value.
    pub(crate) fn value(&self) -> &Value {
        &self.0
    }

    /// Puts something beside what is there.
    pub(crate) fn insert(&mut self, name: &str, value: impl Into<Value>) {
        if let Value::Object(fields) = &mut self.0 {
            fields.insert(name.to_owned(), value.into());
        }
    }
}

impl From<Value> for Wiped {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wiped(..)")
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
