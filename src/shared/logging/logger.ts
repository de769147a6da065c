import { pino, type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';

/** Never logged, wherever they stand: what is secret, and what may be large. */
const REDACTED = ['secured', '*.secured', 'token', '*.token', 'password', '*.password', 'text', '*.text'];

/**
 * The logger of a process: to standard error, one event a line; JSON, or for a person's terminal pretty ones. Written
 * synchronously, so that no line is lost at the end.
 */
export function createLogger(options: { level: string; pretty: boolean; colour: boolean }): Logger {
  const stream: DestinationStream = options.pretty
    ? pretty({
        destination: 2,
        sync: true,
        colorize: options.colour,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss',
        singleLine: true,
      })
    : pino.destination({ dest: 2, sync: true });
  return pino({ level: options.level, redact: { paths: REDACTED, censor: '[hidden]' }, base: null }, stream);
}
