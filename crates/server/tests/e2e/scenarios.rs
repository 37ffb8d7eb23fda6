//! What users do, and what must hold while they do it.

mod authentication;
mod clients;
mod clocks;
mod contract;
mod crash;
mod disk_full;
mod domains;
mod first_mail;
mod health;
mod hostile_clients;
mod isolation;
mod outages;
mod outbox;
mod page;
mod postgres_outage;
mod revocation;
mod rolling;
mod rolling_services;
mod secrets;
mod services;
mod sign_in;
mod startup;
mod streams;
mod telemetry;
mod tickets;
mod tls;
