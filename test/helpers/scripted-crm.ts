import { startFakeCrm, type CrmResponder, type FakeCrm, type ReceivedRequest } from 'express-crm-notifier/testing';

/** Shorthands for the fake CRM of the testing kit: here answers are functions, which may break HTTP's rules too. */
export type Answer = CrmResponder;
export type Received = ReceivedRequest;

/** A fake CRM that takes any token, and leaves routes and bodies to the answer. */
export interface ScriptedCrm extends FakeCrm {
  /** Resolves with all requests once there are at least so many. */
  waitFor(count: number): Promise<readonly Received[]>;
  /** From the next request on. */
  answerWith(answer: Answer): void;
}

/** Answers 200 `{"status":"success"}`. */
export const accept: Answer = (_received, res) => {
  res.setHeader('content-type', 'application/json').end('{"status":"success"}');
};

/** Answers with a status, a text and headers. */
export function reply(status: number, text = '', headers: Record<string, string> = {}): Answer {
  return (_received, res) => {
    res.writeHead(status, headers).end(text);
  };
}

/** Answers in turn, and with the last one for ever. */
export function inTurn(...answers: readonly Answer[]): Answer {
  let index = 0;
  return (received, res) => {
    const answer = answers[Math.min(index, answers.length - 1)] ?? accept;
    index += 1;
    return answer(received, res);
  };
}

/** Starts it on a free port of the loopback interface, or on a given one, where a CRM stood before. */
export async function startScriptedCrm(first: Answer = accept, port = 0): Promise<ScriptedCrm> {
  const crm = await startFakeCrm({ port, token: null });
  await crm.behave(first);
  return {
    ...crm,
    // As long as the test's own limit.
    waitFor: (count) => crm.waitForRequests(count, { timeoutMs: Infinity }),
    answerWith(answer) {
      // In force with the call; the promise is of the port, which is open.
      void crm.behave(answer);
    },
  };
}
