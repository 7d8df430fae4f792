//! Two game servers on one store, a thousand players, and kill -9.

mod audit;
mod checker;
