//! Lines out: for people, or one JSON object each.

use std::io::{self, Write};

use serde_json::Value;

use crate::chat::remark::Remark;
use crate::engine::notice::Notice;
use crate::present::{json as objects, plain};
use crate::sanitize;

/// Where the lines go.
pub struct Screen<'a> {
    out: &'a mut dyn Write,
    json: bool,
}

impl<'a> Screen<'a> {
    /// A screen on `out`.
    pub fn new(out: &'a mut dyn Write, json: bool) -> Self {
        Self { out, json }
    }

    /// Shows what the engine says.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn notice(&mut self, notice: &Notice) -> io::Result<()> {
        if self.json {
            return self.object(&objects::value(notice));
        }
        plain::lines(notice).iter().try_for_each(|line| self.line(line))
    }

    /// Shows something about the program itself.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn remark(&mut self, remark: &Remark) -> io::Result<()> {
        if self.json {
            self.object(&remark.value())
        } else {
            self.line(&format!("*** {remark}"))
        }
    }

    fn object(&mut self, value: &Value) -> io::Result<()> {
        self.line(&sanitize::json(&value.to_string()))
    }

    /// Somebody may wait for each line at the other end of a pipe.
    fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }
}
