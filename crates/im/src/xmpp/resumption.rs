//! Going on where a stream broke, on another one on which the server has let us in (XEP-0198, section 5).

use super::fault::StreamFault;
use super::header::Header;
use super::login::LoggedIn;
use super::management::{Outgoing, count};
use super::ns;
use super::stream::{XmlStream, escape, unexpected};

/// Which stream, and how much of the server's part of it was taken.
#[derive(Clone, Debug)]
pub struct Resumption {
    id: String,
    taken: u32,
}

/// What the server says to that.
#[derive(Debug)]
pub enum Verdict {
    /// The old stream goes on here.
    GoesOn {
        /// The stream; what the server says again, and anything new, comes next.
        stream: Box<XmlStream>,
        /// The header of the server's stream.
        header: Header,
        /// So many of our stanzas it had taken.
        count: u32,
    },
    /// It does not, or the server means another one.
    Refused {
        /// So many of our stanzas it had taken, if it still knows that.
        count: Option<u32>,
    },
}

impl Resumption {
    pub(super) fn new(id: String, taken: u32) -> Self {
        Self { id, taken }
    }

    /// What asks for it.
    pub(super) fn request(&self) -> Outgoing {
        let (id, taken) = (escape(&self.id), self.taken);
        Outgoing::element(format!("<resume xmlns='{}' h='{taken}' previd='{id}'/>", ns::SM))
    }

    /// Asks the server to go on there, instead of choosing a resource.
    ///
    /// # Errors
    /// [`StreamFault`] if this stream breaks as well, or the server answers something else.
    pub async fn ask(&self, logged_in: LoggedIn) -> Result<Verdict, StreamFault> {
        let LoggedIn {
            mut stream, header, ..
        } = logged_in;
        stream.write(self.request().as_bytes()).await?;
        let answer = stream.element().await?;
        let element = header.read(&answer).ok_or_else(|| unexpected(&answer))?;
        let count = count(&element);
        let ours = element.attr("previd") == Some(self.id.as_str());
        match (answer.name(), answer.namespace(), count) {
            ("resumed", ns::SM, Some(count)) if ours => Ok(Verdict::GoesOn {
                stream: Box::new(stream),
                header,
                count,
            }),
            ("resumed", ns::SM, _) => Ok(Verdict::Refused { count: None }),
            ("failed", ns::SM, count) => Ok(Verdict::Refused { count }),
            _ => Err(unexpected(&answer)),
        }
    }
}
