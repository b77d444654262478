/** Under which key a client's address is counted. */

const MAPPED_V4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** A customer gets a whole /64 of IPv6: its addresses count as one. */
export function keyOf(address: string): string {
  const v4 = MAPPED_V4.exec(address)?.[1] ?? address;
  // All of 127.0.0.0/8 is this machine, and so is ::1.
  if (v4.startsWith('127.') || v4 === '::1') return '127.0.0.1';
  if (v4 !== address) return v4;
  return address.includes(':') ? networkOf(address) : address;
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...Array.from({ length: zeros }, () => '0'), ...last];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
