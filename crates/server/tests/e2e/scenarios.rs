//! What users do, and what must hold while they do it.

mod authentication;
mod clients;
mod contract;
mod crash;
mod disk_full;
mod first_mail;
mod health;
mod hostile_clients;
mod isolation;
mod outages;
mod revocation;
mod rolling;
mod secrets;
mod services;
mod sign_in;
mod startup;
mod telemetry;
mod tls;
