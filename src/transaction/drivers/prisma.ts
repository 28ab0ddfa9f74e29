import { hasMethods, type Handle, type TransactionFinding } from '../transaction-finding.js';

/** Prisma: the client of an interactive transaction, which rejects by itself what comes after its end. */
export function prismaTransaction(handle: Handle): TransactionFinding | undefined {
  if (!hasMethods(handle, '$executeRawUnsafe')) return undefined;
  // Since version 7 both have `$transaction`.
  if (hasMethods(handle, '$connect')) return { refusal: root };
  return { run: ({ text, values }) => handle.$executeRawUnsafe(text, ...values) };
}

const root =
  'the Prisma client, which runs each statement by itself: pass what prisma.$transaction(async (tx) => …) hands to its callback';
