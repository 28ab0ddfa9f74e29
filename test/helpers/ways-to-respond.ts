import { join } from 'node:path';
import type { RequestHandler } from 'express';

const text = '{"id":1}';
const file = join(__dirname, 'sample.json');

/** Every way in which a response can end, as the handler of a route. */
export const waysToRespond: readonly (readonly [name: string, handler: RequestHandler])[] = [
  ['json', (_req, res) => void res.status(201).json({ id: 1 })],
  ['end', (_req, res) => void res.status(201).end(text)],
  [
    'write and end',
    (_req, res) => {
      res.write(text.slice(0, 3));
      res.end(text.slice(3));
    },
  ],
  [
    'a write that completes a declared length',
    (_req, res) => {
      res.setHeader('content-length', text.length);
      res.write(text);
      res.end();
    },
  ],
  ['sendFile', (_req, res) => res.sendFile(file)],
  ['204', (_req, res) => void res.status(204).end()],
  [
    '204 with flushHeaders',
    (_req, res) => {
      res.status(204).flushHeaders();
      res.end();
    },
  ],
];
