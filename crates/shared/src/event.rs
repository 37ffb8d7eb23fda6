//! What a subscriber of the event bus receives.

/// One item of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusEvent {
    /// A published text.
    Message(String),
    /// Some texts may have been lost before this.
    Gap,
}
