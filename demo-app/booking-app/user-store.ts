import type { Awaitable } from '../runtime/awaitable.js';
import type { Database } from '../runtime/database.js';
import { tokenDigest } from '../web/bearer-token.js';
import { hashPassword, isPassword, newToken } from './secrets.js';

export interface User {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly role: 'member' | 'facilitator';
}

export interface NewUser extends Omit<User, 'id'> {
  readonly password: string;
}

export interface UserStore {
  add(user: NewUser): Promise<User>;
  /** Returns a new token, or undefined if no user has this address and password. */
  signIn(email: string, password: string): Promise<string | undefined>;
  /** Lets the user sign requests with this token from now on. */
  addToken(userId: number, token: string): Awaitable<void>;
  findByToken(token: string): Awaitable<User | undefined>;
  isEmpty(): Awaitable<boolean>;
}

export function createUserStore(database: Database): UserStore {
  const insertUser = database.prepare(`
    INSERT INTO users (name, email, role, password_hash) VALUES (:name, :email, :role, :passwordHash)
    RETURNING id, name, email, role
  `);
  const insertToken = database.prepare('INSERT INTO access_tokens (digest, user_id) VALUES (?, ?)');
  const selectCredentials = database.prepare('SELECT id, password_hash FROM users WHERE email = ?');
  const selectByToken = database.prepare(`
    SELECT users.id, name, email, role FROM access_tokens JOIN users ON users.id = user_id WHERE digest = ?
  `);

  const selectAny = database.prepare('SELECT 1 FROM users LIMIT 1');

  return {
    async add({ name, email, role, password }) {
      const passwordHash = await hashPassword(password);
      return insertUser.get({ name, email, role, passwordHash }) as User;
    },

    async signIn(email, password) {
      const credentials = selectCredentials.get(email) as { id: number; password_hash: string } | undefined;
      const matches = await isPassword(password, credentials?.password_hash);
      if (!credentials || !matches) return undefined;
      const token = newToken();
      insertToken.run(tokenDigest(token), credentials.id);
      return token;
    },

    addToken(userId, token) {
      insertToken.run(tokenDigest(token), userId);
    },

    findByToken: (token) => selectByToken.get(tokenDigest(token)) as User | undefined,
    isEmpty: () => selectAny.get() === undefined,
  };
}
