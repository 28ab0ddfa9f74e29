import { openDatabase } from '../runtime/database.js';
import type { Database } from '../runtime/database.js';

/** AUTOINCREMENT never reuses the id of a deleted booking or event, which the CRM still knows. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL CHECK (role IN ('member', 'facilitator')),
    password_hash TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS access_tokens (
    digest BLOB PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users
  ) STRICT;
  CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    start_date TEXT NOT NULL,
    facilitator_id INTEGER NOT NULL REFERENCES users
  ) STRICT;
  CREATE TABLE IF NOT EXISTS sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id INTEGER NOT NULL REFERENCES events ON DELETE CASCADE,
    name TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    capacity INTEGER NOT NULL CHECK (capacity > 0)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS bookings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users,
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    status TEXT NOT NULL CHECK (status IN ('active', 'cancelled')),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS one_active_booking ON bookings (session_id, user_id) WHERE status = 'active';
  CREATE INDEX IF NOT EXISTS bookings_by_user ON bookings (user_id);
`;

export function openBookingDatabase(file: string): Database {
  return openDatabase(file, SCHEMA);
}
