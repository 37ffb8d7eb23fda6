//! Changes of the messages of mailboxes, for streams that show them. They are hints: one can be lost, and none is repeated.

use std::{collections::HashMap, sync::Arc};

use mayfly_types::{AccountId, MessageId};
use parking_lot::Mutex;
use tokio::sync::broadcast;

/// Hints that a slow stream may leave unread; beyond it the oldest are lost.
const QUEUE: usize = 64;

/// What happened to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// It was marked as read or as unread.
    Changed(MessageId),
    /// It was deleted.
    Deleted(MessageId),
}

/// The mailboxes whose changes are followed in this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct HintHub(Arc<Mutex<HashMap<AccountId, broadcast::Sender<Hint>>>>);

/// The hints of one mailbox; dropping it may remove the mailbox from the hub.
#[derive(Debug)]
pub struct Hints {
    hub: HintHub,
    account: AccountId,
    receiver: broadcast::Receiver<Hint>,
}

impl Drop for Hints {
    fn drop(&mut self) {
        let mut mailboxes = self.hub.0.lock();
        // This receiver still counts.
        if mailboxes
            .get(&self.account)
            .is_some_and(|hints| hints.receiver_count() <= 1)
        {
            mailboxes.remove(&self.account);
        }
    }
}

impl Hints {
    /// Waits for the next hint. It may be cancelled at any moment.
    pub async fn next(&mut self) -> Hint {
        loop {
            match self.receiver.recv().await {
                Ok(hint) => return hint,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                // The hub outlives every stream.
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

impl HintHub {
    /// Follows the changes of a mailbox. The subscription to its messages bounds how many streams do.
    pub(crate) fn follow(&self, account: AccountId) -> Hints {
        let mut mailboxes = self.0.lock();
        let hints = mailboxes
            .entry(account)
            .or_insert_with(|| broadcast::Sender::new(QUEUE));
        Hints {
            hub: self.clone(),
            account,
            receiver: hints.subscribe(),
        }
    }

    pub(crate) fn publish(&self, account: AccountId, hint: Hint) {
        if let Some(hints) = self.0.lock().get(&account) {
            // The last receiver may be gone.
            let _ = hints.send(hint);
        }
    }
}

#[cfg(test)]
mod tests {
    use mayfly_types::{Clock, SystemClock};

    use super::*;

    #[tokio::test]
    async fn hints_reach_streams_of_their_mailbox_only() {
        let (hub, now) = (HintHub::default(), SystemClock.now());
        let [ann, bob] = [AccountId::new(now), AccountId::new(now)];
        let (mut first, mut second) = (hub.follow(ann), hub.follow(ann));
        let hint = Hint::Changed(MessageId::new(now));
        hub.publish(bob, Hint::Deleted(MessageId::new(now)));
        hub.publish(ann, hint);
        assert_eq!([first.next().await, second.next().await], [hint; 2]);
        drop(first);
        assert_eq!(hub.0.lock().len(), 1);
        drop(second);
        assert!(hub.0.lock().is_empty());
    }

    #[tokio::test]
    async fn next_of_slow_stream_loses_the_oldest() {
        let (hub, now) = (HintHub::default(), SystemClock.now());
        let account = AccountId::new(now);
        let mut hints = hub.follow(account);
        let ids: Vec<MessageId> = (0..QUEUE + 3).map(|_| MessageId::new(now)).collect();
        for id in &ids {
            hub.publish(account, Hint::Changed(*id));
        }
        assert_eq!(hints.next().await, Hint::Changed(ids[3]));
    }
}
