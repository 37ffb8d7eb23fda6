//! The encoding of messages. Large ones are encoded and decoded beside the runtime: that takes milliseconds, and other tasks would
//! wait for them.

use std::{any::TypeId, marker::PhantomData};

use bytes::Buf;
use prost::Message;
use tokio::runtime::{Handle, RuntimeFlavor};
use tonic::{
    Status,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};

use crate::mailbox::GetMessageResponse;

/// Below this size the thread is not left: that costs more than the work.
const LARGE_BYTES: usize = 256 << 10;

/// The codec of prost.
#[derive(Debug)]
pub struct LargeCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for LargeCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for LargeCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = Large<ProstEncoder<T>>;
    type Decoder = Large<ProstDecoder<U>>;

    fn encoder(&mut self) -> Self::Encoder {
        Large(ProstCodec::<T, U>::raw_encoder(BufferSettings::default()))
    }

    fn decoder(&mut self) -> Self::Decoder {
        Large(ProstCodec::<T, U>::raw_decoder(BufferSettings::default()))
    }
}

/// An encoder or a decoder.
#[derive(Debug)]
pub struct Large<C>(C);

impl<T: Message + 'static> Encoder for Large<ProstEncoder<T>> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        // Known when this is compiled, so that other messages are not measured.
        let has_bodies = TypeId::of::<T>() == TypeId::of::<GetMessageResponse>();
        match has_bodies && item.encoded_len() >= LARGE_BYTES {
            true => beside_runtime(|| self.0.encode(item, buffer)),
            false => self.0.encode(item, buffer),
        }
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}

impl<U: Message + Default> Decoder for Large<ProstDecoder<U>> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        match buffer.remaining() >= LARGE_BYTES {
            true => beside_runtime(|| self.0.decode(buffer)),
            false => self.0.decode(buffer),
        }
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}

/// Works while another thread goes on with the tasks of this one, if the runtime has others.
fn beside_runtime<T>(work: impl FnOnce() -> T) -> T {
    let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    /// The only thread of the runtime is replaced by another one, on which the other task runs.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn work_beside_the_runtime_keeps_no_thread_of_it() {
        let (sender, receiver) = mpsc::channel();
        let task = tokio::spawn(async move {
            tokio::spawn(async move { sender.send(()) });
            beside_runtime(|| receiver.recv_timeout(Duration::from_secs(30)))
        });
        assert_eq!(task.await.unwrap(), Ok(()));
    }
}
