//! Reading a request body, byte for byte, within its limits.

use std::time::Duration;

use actix_web::{HttpRequest, http::header, web::Payload};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::budget::{Budget, Share};
use crate::answer::Answer;

/// How large a body may be and how long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

/// A body, and its share of the budget for as long as it is held.
pub(crate) struct Body<'a> {
    pub(crate) bytes: Bytes,
    pub(crate) share: Share<'a>,
}

/// The whole body. actix-web sets no time for it, so a sender that stalls would hold its connection for ever.
pub(crate) async fn read<'a>(
    request: &HttpRequest,
    payload: Payload,
    limits: BodyLimits,
    budget: &'a Budget,
) -> Result<Body<'a>, Answer> {
    if announced(request).is_some_and(|bytes| bytes > limits.bytes as u64) {
        return Err(Answer::BodyTooLarge);
    }
    let mut share = budget.share();
    let collected = timeout(limits.time, collect(payload, limits.bytes, &mut share)).await;
    collected.unwrap_or(Err(Answer::BodyTimeout)).map(|bytes| Body { bytes, share })
}

fn announced(request: &HttpRequest) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(mut payload: Payload, limit: usize, share: &mut Share<'_>) -> Result<Bytes, Answer> {
    let mut next = async || payload.next().await.transpose().map_err(|_| Answer::BodyUnreadable);
    let Some(first) = next().await? else { return Ok(Bytes::new()) };
    // Most bodies come in one piece and need no copy.
    let mut pieces: Option<BytesMut> = None;
    let mut length = first.len();
    share.grow(length)?;
    while length <= limit {
        let Some(piece) = next().await? else {
            return Ok(pieces.map_or(first, BytesMut::freeze));
        };
        length += piece.len();
        share.grow(piece.len())?;
        pieces.get_or_insert_with(|| BytesMut::from(&*first)).extend_from_slice(&piece);
    }
    Err(Answer::BodyTooLarge)
}
