import { tokenDigest } from '../../web/bearer-token.js';
import { hashPassword, isPassword, newToken } from '../secrets.js';
import type { User, UserStore } from '../user-store.js';
import { rowOf, writtenRowOf } from './postgres-database.js';
import type { PostgresDatabase } from './postgres-database.js';

export function createPostgresUserStore(database: PostgresDatabase): UserStore {
  async function addToken(userId: number, token: string): Promise<void> {
    await database.query('INSERT INTO access_tokens (digest, user_id) VALUES ($1, $2)', [tokenDigest(token), userId]);
  }

  return {
    async add({ name, email, role, password }) {
      return writtenRowOf<User>(
        database,
        'INSERT INTO users (name, email, role, password_hash) VALUES ($1, $2, $3, $4) RETURNING id, name, email, role',
        [name, email, role, await hashPassword(password)],
      );
    },

    async signIn(email, password) {
      const credentials = await rowOf<{ id: number; password_hash: string }>(
        database,
        'SELECT id, password_hash FROM users WHERE lower(email) = lower($1)',
        [email],
      );
      const matches = await isPassword(password, credentials?.password_hash);
      if (!credentials || !matches) return undefined;
      const token = newToken();
      await addToken(credentials.id, token);
      return token;
    },

    addToken,

    findByToken: (token) =>
      rowOf<User>(
        database,
        'SELECT users.id, name, email, role FROM access_tokens JOIN users ON users.id = user_id WHERE digest = $1',
        [tokenDigest(token)],
      ),

    isEmpty: async () => (await rowOf(database, 'SELECT FROM users LIMIT 1')) === undefined,
  };
}
