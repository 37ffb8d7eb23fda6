//! Tests of the auth service, each through the generated client over the local transport, on a real database.

mod support;

mod walk;
