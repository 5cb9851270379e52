//! Servers that speak by themselves, heard at once: whichever speaks is heard, and the others go on where
//! they were.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::events::{Event, Events};
use super::hub::Heard;
use crate::refusal::Refusal;

/// Where a server speaks.
pub(super) enum Source {
    Own(Box<Events>),
    Shared(Box<Heard>),
}

/// One message, or the end of them.
pub(super) type Said = Result<Option<Event>, Refusal>;

/// Ends with what is said next, and gives back where it was said.
type Waiting<S> = Pin<Box<dyn Future<Output = (S, Said)> + Send>>;

/// What several servers say, each by its place; nothing at the place of one that is heard no longer.
pub(super) struct Voices<S = Source> {
    waiting: Vec<Option<Waiting<S>>>,
    /// Who is asked first: not whoever has just spoken.
    turn: usize,
    listen: fn(S) -> Waiting<S>,
}

impl Source {
    fn listen(mut self) -> Waiting<Self> {
        Box::pin(async move {
            let said = match &mut self {
                Self::Own(events) => events.next().await,
                Self::Shared(heard) => Ok(heard.next().await),
            };
            (self, said)
        })
    }
}

impl Voices {
    pub(super) fn of(sources: impl IntoIterator<Item = Source>) -> Self {
        Self::new(sources, Source::listen)
    }
}

impl<S> Voices<S> {
    fn new(sources: impl IntoIterator<Item = S>, listen: fn(S) -> Waiting<S>) -> Self {
        let waiting = sources.into_iter().map(|source| Some(listen(source))).collect();
        Self { waiting, turn: 0, listen }
    }

    pub(super) fn are_silent(&self) -> bool {
        self.waiting.iter().all(Option::is_none)
    }

    /// Hears something else at a place from now on; nothing where its server is heard no longer.
    pub(super) fn set(&mut self, at: usize, source: Option<S>) {
        if let Some(place) = self.waiting.get_mut(at) {
            *place = source.map(self.listen);
        }
    }

    /// Whoever speaks next, and what. One that has ended or failed is heard no longer. Where this is dropped
    /// before, nothing is lost.
    pub(super) async fn next(&mut self) -> (usize, Said) {
        let (at, source, said) = std::future::poll_fn(|cx| self.poll(cx)).await;
        self.turn = at + 1;
        self.set(at, matches!(said, Ok(Some(_))).then_some(source));
        (at, said)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(usize, S, Said)> {
        let turn = self.turn.min(self.waiting.len());
        let (before, after) = self.waiting.split_at_mut(turn);
        for (at, place) in (turn..).zip(after).chain((0..).zip(before)) {
            let Some(waiting) = place else { continue };
            if let Poll::Ready((source, said)) = waiting.as_mut().poll(cx) {
                return Poll::Ready((at, source, said));
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    use super::*;

    type Server = UnboundedReceiver<Said>;

    fn listen(mut server: Server) -> Waiting<Server> {
        Box::pin(async move {
            let said = server.recv().await.unwrap_or(Ok(None));
            (server, said)
        })
    }

    fn servers(count: usize) -> (Vec<UnboundedSender<Said>>, Voices<Server>) {
        let (speak, servers): (Vec<_>, Vec<_>) = (0..count).map(|_| unbounded_channel()).unzip();
        (speak, Voices::new(servers, listen))
    }

    fn news(text: &'static str) -> Said {
        Ok(Some(Event { data: text.into(), ..Event::default() }))
    }

    #[tokio::test]
    async fn whoever_speaks_much_does_not_drown_the_others() {
        let (speak, mut voices) = servers(3);
        for _ in 0..3 {
            speak.iter().for_each(|server| server.send(news("x")).unwrap());
        }
        let mut order = Vec::new();
        for _ in 0..9 {
            order.push(voices.next().await.0);
        }
        assert_eq!(order, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
    }

    #[tokio::test]
    async fn nothing_is_lost_where_something_else_comes_first() {
        let (speak, mut voices) = servers(2);
        for _ in 0..3 {
            assert!(is_pending(voices.next()).await);
        }
        speak[1].send(news("late")).unwrap();
        let (at, said) = voices.next().await;
        assert_eq!((at, said.ok().flatten().map(|event| event.data)), (1, Some("late".into())));
    }

    #[tokio::test]
    async fn who_ends_or_fails_is_heard_no_longer_and_may_be_replaced() {
        let (mut speak, mut voices) = servers(2);
        speak[0].send(Err(Refusal::ServerBusy)).unwrap();
        speak[0].send(news("after it failed")).unwrap();
        assert!(matches!(voices.next().await, (0, Err(Refusal::ServerBusy))));
        drop(speak.pop());
        assert!(matches!(voices.next().await, (1, Ok(None))));
        assert!(voices.are_silent());
        let (again, server) = unbounded_channel();
        voices.set(1, Some(server));
        again.send(news("again")).unwrap();
        assert!(matches!(voices.next().await, (1, Ok(Some(_)))));
        voices.set(1, None);
        assert!(voices.are_silent());
    }

    async fn is_pending<F: Future>(future: F) -> bool {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
    }
}
