//! `clerk-mirror send`

pub mod world;
