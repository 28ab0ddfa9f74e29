import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Database } from '../runtime/database.js';
import { tokenDigest } from '../web/bearer-token.js';

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
  addToken(userId: number, token: string): void;
  findByToken(token: string): User | undefined;
}

const TOKEN_BYTES = 32;

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

  function addToken(userId: number, token: string): void {
    insertToken.run(tokenDigest(token), userId);
  }

  return {
    async add({ name, email, role, password }) {
      const passwordHash = await hashPassword(password);
      return insertUser.get({ name, email, role, passwordHash }) as User;
    },

    async signIn(email, password) {
      const credentials = selectCredentials.get(email) as { id: number; password_hash: string } | undefined;
      const matches = await isPassword(password, credentials?.password_hash);
      if (!credentials || !matches) return undefined;
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      addToken(credentials.id, token);
      return token;
    },

    addToken,

    findByToken(token) {
      return selectByToken.get(tokenDigest(token)) as User | undefined;
    },
  };
}

const derive = promisify<string, Buffer, number, Buffer>(scrypt);
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** Salt and derived key, both in hexadecimal. */
async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, KEY_BYTES);
  return `${salt.toString('hex')}:${key.toString('hex')}`;
}

/** Takes as long without a hash, so that the response time does not reveal which addresses have an account. */
async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [salt = '', key = ''] = hash?.split(':') ?? [];
  const derived = await derive(password, Buffer.from(salt, 'hex'), KEY_BYTES);
  const expected = Buffer.from(key, 'hex');
  return expected.length === derived.length && timingSafeEqual(expected, derived);
}
