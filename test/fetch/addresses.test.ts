import { describe, expect, it } from 'vitest';
import { judgeAddress } from '../../src/shared/fetch/addresses.js';

const REFUSED = {
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
  'unique local': ['fc00::1', 'fd12:3456::1'],
  'link-local': ['169.254.0.1', 'fe80::1', 'fe80::1%eth0'],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.255'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  unspecified: ['0.0.0.0', '0.1.2.3', '::'],
  broadcast: ['255.255.255.255'],
  'benchmarking or documentation': [
    '198.18.0.1',
    '192.0.2.1',
    '198.51.100.7',
    '203.0.113.9',
    '2001:2::1',
    '2001:db8::1',
    '3fff::1',
  ],
  reserved: ['240.0.0.1', '192.0.0.8', '192.88.99.1'],
  NAT64: ['64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::1'],
  '6to4': ['2002:7f00:1::', '2002:808:808::1'],
  Teredo: ['2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ORCHID: ['2001:10::1', '2001:20::1'],
  'IPv4-mapped': ['::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:7f00:1'],
  'IPv4-compatible': ['::127.0.0.1', '::7f00:1', '::808:808'],
  'IPv4-translated': ['::ffff:0:127.0.0.1'],
  'site-local': ['fec0::1'],
  'outside global unicast': ['100::1', '5f00::1', '4000::1', 'e000::1'],
  metadata: ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
  'not an address': ['', 'localhost', '1.2.3.4.5', '[::1]'],
} as const;

describe('an address', () => {
  it.each(Object.entries(REFUSED).flatMap(([kind, list]) => list.map((address) => [kind, address] as const)))(
    'that is %s is refused: %s',
    (_kind, address) => {
      expect(judgeAddress(address)).toMatchObject({ allowed: false });
    },
  );

  it.each(['8.8.8.8', '1.1.1.1', '100.63.255.255', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    'of the open internet is allowed: %s',
    (address) => {
      expect(judgeAddress(address)).toEqual({ allowed: true });
    },
  );

  it("that is Azure's metadata service is refused although it is public", () => {
    expect(judgeAddress('168.63.129.16')).toEqual({ allowed: false, why: "a cloud's metadata address" });
  });
});
