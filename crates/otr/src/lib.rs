//! Off-the-Record Messaging.
