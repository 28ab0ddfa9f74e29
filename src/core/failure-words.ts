import { tokenFailureCode } from './token-failure-code.js';

/** Why a target cannot be reached, in words and with its code: `it refuses connections (ECONNREFUSED)`. Of a code without words, the code. */
export function failureText(code: string): string {
  const words = wordsOf(code);
  return words === undefined ? code : `${words} (${code})`;
}

function wordsOf(code: string): string | undefined {
  switch (code) {
    case tokenFailureCode:
      return 'no token can be got for it';
    case 'ERR_CRM_TIMEOUT':
      return 'it does not respond in time';
    case 'ECONNREFUSED':
      return 'it refuses connections';
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return 'it closes the connection';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its name cannot be resolved';
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return 'connecting to it takes too long';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no way to its host';
    case 'EMFILE':
    case 'ENFILE':
      return 'no file descriptor is left here';
    case 'HTTPParserError':
      return 'what it responds is not HTTP';
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired';
    default:
      return wordsOfFamily(code);
  }
}

function wordsOfFamily(code: string): string | undefined {
  if (code.startsWith('ERR_CRM_PROXY_')) return 'the proxy refuses the way to it';
  if (code.includes('CERT_ALTNAME')) return 'its certificate is for another name';
  if (/CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code)) return 'its certificate is not trusted';
  return /SSL|TLS|EPROTO/.test(code) ? 'no TLS connection can be made to it' : undefined;
}
