//! The whole program from outside: real processes, a real RabbitMQ, a real PostgreSQL.

#[macro_use]
mod backends;
mod broker;
mod deployment;
mod mirror;
mod send;
mod signed;

mod catalogue;
mod configuration;
mod crash;
mod erasure;
mod extremes;
mod http;
mod loss;
mod operator;
mod outage;
mod pipeline;
mod readme;
mod standalone;
mod upkeep;
