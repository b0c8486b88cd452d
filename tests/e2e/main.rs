//! The whole program from outside: real processes, a real RabbitMQ, a real PostgreSQL.

#[macro_use]
mod backends;
mod broker;
mod deployment;
mod mirror;
mod send;
mod signed;
mod steady;

mod catalogue;
mod cluster;
mod configuration;
mod crash;
mod drain;
mod edge;
mod erasure;
mod extremes;
mod faults;
mod hostile;
mod letters;
mod loss;
mod operator;
mod outage;
mod pipeline;
mod readme;
mod replay;
mod secrets;
mod standalone;
mod upkeep;
mod wire;
