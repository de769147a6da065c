import ipaddr from 'ipaddr.js';

/** What `judgeAddress` says of an address: whether a fetch may connect to it, and if not, what it is. */
export type AddressJudgement = { readonly allowed: true } | { readonly allowed: false; readonly why: string };

/** Global unicast, the only part of IPv6 that is routed on the open internet (RFC 4291, IANA registry). */
const GLOBAL_UNICAST_V6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Metadata services of cloud machines, which hand out credentials to whoever asks. Most lie in ranges that are
 * refused anyway and stand here for the clearer reason; Azure's is a public address and would pass otherwise.
 */
const METADATA_ADDRESSES: ReadonlySet<string> = new Set([
  '169.254.169.254', // AWS, Google Cloud, Azure, OpenStack, DigitalOcean
  '169.254.170.2', // AWS ECS task credentials
  '169.254.170.23', // AWS EKS pod identity
  '100.100.100.200', // Alibaba Cloud
  '168.63.129.16', // Azure's wire server
  '192.0.0.192', // Oracle Cloud, classic
  'fd00:ec2::254', // AWS over IPv6
  'fd00:ec2::23', // AWS EKS over IPv6
  'fd20:ce::254', // Google Cloud over IPv6
]);

/** Names of ipaddr.js' ranges as an operator would call them. A range that is not named here keeps its own name. */
const RANGE_NAMES: ReadonlyMap<string, string> = new Map([
  ['unspecified', 'an unspecified address'],
  ['broadcast', 'a broadcast address'],
  ['multicast', 'a multicast address'],
  ['linkLocal', 'a link-local address'],
  ['loopback', 'a loopback address'],
  ['carrierGradeNat', 'a carrier-grade NAT address'],
  ['private', 'a private address'],
  ['uniqueLocal', 'a private (unique local) address'],
  ['ipv4Mapped', 'an IPv4-mapped IPv6 address'],
  ['rfc6145', 'an IPv4-translated IPv6 address'],
  ['rfc6052', 'a NAT64 address'],
  ['6to4', 'a 6to4 address'],
  ['teredo', 'a Teredo address'],
  ['benchmarking', 'a benchmarking address'],
  ['deprecatedOrchid', 'an ORCHID address'],
  ['orchid2', 'an ORCHID address'],
  ['deprecatedSiteLocal', 'a site-local address'],
  ['reserved', 'a reserved, documentation or benchmarking address'],
]);

/**
 * Says whether a fetch of an address that came from content may connect to this IP address. Only plain unicast
 * addresses of the open internet pass; every range that IANA sets aside, every form that carries an IPv4 address
 * inside an IPv6 one, and the metadata services of clouds are refused. What is not an IP address is refused too.
 *
 * @param ip an IPv4 or IPv6 address as the system prints it, without brackets; a zone (`%eth0`) is allowed
 */
export function judgeAddress(ip: string): AddressJudgement {
  const bare = ip.split('%', 1)[0] ?? '';
  if (!ipaddr.isValid(bare)) return { allowed: false, why: 'not an IP address' };
  const address = ipaddr.parse(bare);
  if (METADATA_ADDRESSES.has(address.toString())) {
    return { allowed: false, why: "a cloud's metadata address" };
  }
  const range = address.range();
  if (range !== 'unicast') return { allowed: false, why: RANGE_NAMES.get(range) ?? `an address of ${range}` };
  // ipaddr.js calls everything "unicast" that it has no name for, IPv4-compatible addresses (::7f00:1) among it.
  if (address instanceof ipaddr.IPv6 && !address.match(GLOBAL_UNICAST_V6)) {
    return { allowed: false, why: 'an IPv6 address outside global unicast' };
  }
  return { allowed: true };
}
