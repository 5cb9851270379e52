//! What a route asks for in a request, told by the parameters of its handler.

use axum::extract::State;
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::extract::{Body, Params, Place, Sender};
use crate::{Principal, shape};

/// What stands in a request beside its path.
#[derive(Default)]
pub(crate) struct Asked {
    /// Schemas in JSON Schema.
    pub(crate) query: Option<Value>,
    pub(crate) body: Option<Value>,
}

/// A parameter of a handler.
pub(crate) trait Asks {
    fn add(_: &mut Asked) {}
}

impl<S> Asks for State<S> {}
impl Asks for Principal {}
impl Asks for Sender {}
impl Asks for HeaderMap {}
/// The path tells its own parameters.
impl<T> Asks for Place<T> {}

impl<T: DeserializeOwned> Asks for Params<T> {
    fn add(asked: &mut Asked) {
        asked.query = Some(shape::schema::<T>());
    }
}

impl<T: DeserializeOwned> Asks for Body<T> {
    fn add(asked: &mut Asked) {
        asked.body = Some(shape::schema::<T>());
    }
}

/// A function whose parameters say what they ask for.
pub(crate) trait Asking<Parameters> {
    fn asked() -> Asked;
}

macro_rules! asking {
    ($($parameter:ident)*) => {
        impl<F: Fn($($parameter),*) -> A, A, $($parameter: Asks),*> Asking<($($parameter,)*)> for F {
            fn asked() -> Asked {
                let adding: &[fn(&mut Asked)] = &[$($parameter::add),*];
                let mut asked = Asked::default();
                adding.iter().for_each(|add| add(&mut asked));
                asked
            }
        }
    };
}

asking! {}
asking! { P1 }
asking! { P1 P2 }
asking! { P1 P2 P3 }
asking! { P1 P2 P3 P4 }
asking! { P1 P2 P3 P4 P5 }
asking! { P1 P2 P3 P4 P5 P6 }
asking! { P1 P2 P3 P4 P5 P6 P7 }

/// What a handler asks for.
pub(crate) fn asked<Parameters, H: Asking<Parameters>>(_: H) -> Asked {
    H::asked()
}
