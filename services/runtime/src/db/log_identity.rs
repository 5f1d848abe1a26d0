//! Which log a database belongs to.

use super::{Columns as _, Db};
use crate::refusal::Failure;

impl Db {
    /// Binds a new database to a log: its origin and the ids of its two keys. Gives what the database is bound to, which is another
    /// log where it was bound before.
    pub(crate) async fn bind_log(&self, own: [String; 3]) -> Result<[String; 3], Failure> {
        self.write(own, |own, tx| {
            Box::pin(async move {
                sqlx::query(
                    "insert into log_identity (id, origin, ed25519_key, sm2_key) values (1, $1, $2, $3) \
                     on conflict (id) do nothing",
                )
                .bind(own[0].as_str())
                .bind(own[1].as_str())
                .bind(own[2].as_str())
                .execute(tx.sql())
                .await?;
                let row = sqlx::query("select origin, ed25519_key, sm2_key from log_identity where id = 1")
                    .fetch_one(tx.sql())
                    .await?;
                Ok::<_, Failure>([row.text(0)?, row.text(1)?, row.text(2)?])
            })
        })
        .await
    }
}
