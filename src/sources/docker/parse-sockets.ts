/** Understands /proc/PID/net/tcp and tcp6: to which ports a network namespace has established connections. */

const ESTABLISHED = '01';
/** `sl local_address rem_address st …`; an address is hex, then `:`, then the port in hex. */
const LINE = /^\s*\d+: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]{2}) /i;

/** One for each connection. */
export function parseRemotePorts(text: string): readonly number[] {
  return text.split('\n').flatMap((line) => {
    const [, port = '', state] = LINE.exec(line) ?? [];
    return state === ESTABLISHED ? Number.parseInt(port, 16) : [];
  });
}
