//! What must be in the database: events of which all is known from how they were made, a plain fold over them, and a way
//! to read what is there. None of it is the program's own code.
//!
//! Included by the tests that compare with it.

pub mod catalogue;
pub mod contents;
pub mod event;
pub mod expected;
pub mod reader;
pub mod svix_id;
pub mod time;
pub mod world;
