import { describe, expect, it } from 'vitest';
import { Breaker, type HostVerdict } from '../../src/shared/fetch/breaker.js';

const limits = { failures: 3, restMs: 100, maxRestMs: 350 };

/** One exchange that ends at once; null when the host rests. */
function exchange(breaker: Breaker, now: number, verdict: HostVerdict, retryAfterMs?: number): boolean {
  if (breaker.restLeft(now) !== null) return false;
  breaker.settle(now, verdict, breaker.start(), retryAfterMs);
  return true;
}

describe('the breaker of a host', () => {
  it('rests the host after so many failures in a row, not before', () => {
    const breaker = new Breaker(limits);
    exchange(breaker, 0, 'failed');
    exchange(breaker, 0, 'failed');
    exchange(breaker, 0, 'answered');
    exchange(breaker, 0, 'failed');
    exchange(breaker, 0, 'failed');
    expect(breaker.restLeft(0)).toBeNull();
    exchange(breaker, 10, 'failed');
    expect(breaker.restLeft(10)).toBe(100);
    expect(breaker.restLeft(60)).toBe(50);
  });

  it('lets one exchange through after the rest, and the others once it was answered', () => {
    const breaker = new Breaker({ ...limits, failures: 1 });
    exchange(breaker, 0, 'failed');
    expect(breaker.restLeft(100)).toBeNull();
    const isTrial = breaker.start();
    expect(isTrial).toBe(true);
    expect(breaker.restLeft(100)).toBe(0);
    breaker.settle(120, 'answered', isTrial);
    expect(breaker.restLeft(120)).toBeNull();
    expect(breaker.start()).toBe(false);
  });

  it('doubles the rest with each trial that fails, up to a limit, and begins anew once it was answered', () => {
    const breaker = new Breaker({ ...limits, failures: 1 });
    let now = 0;
    const rests = ['failed', 'failed', 'failed', 'failed', 'answered', 'failed'].map((verdict) => {
      exchange(breaker, now, verdict as HostVerdict);
      const left = breaker.restLeft(now) ?? 0;
      now += left;
      return left;
    });
    expect(rests).toEqual([100, 200, 350, 350, 0, 100]);
  });

  it('is not moved by what never reached the host, and tries again after a trial that did not', () => {
    const breaker = new Breaker({ ...limits, failures: 1 });
    for (let i = 0; i < 10; i++) exchange(breaker, 0, 'none');
    expect(breaker.restLeft(0)).toBeNull();
    exchange(breaker, 0, 'failed');
    exchange(breaker, 100, 'none');
    expect(breaker.restLeft(100)).toBeNull();
    expect(breaker.start()).toBe(true);
  });

  it('takes no notice of exchanges that were under way when the rest began', () => {
    const breaker = new Breaker({ ...limits, failures: 1 });
    const [first, second, third] = [breaker.start(), breaker.start(), breaker.start()];
    breaker.settle(0, 'failed', first);
    breaker.settle(50, 'failed', second);
    breaker.settle(60, 'answered', third);
    expect(breaker.restLeft(60)).toBe(40);
  });

  it('rests a host for as long as it asks, and then asks it as before', () => {
    const breaker = new Breaker(limits);
    exchange(breaker, 0, 'failed', 5000);
    expect(breaker.restLeft(4999)).toBe(1);
    expect(breaker.restLeft(5000)).toBeNull();
    expect(breaker.start()).toBe(false);
  });

  it('can be forgotten when it has nothing to remember', () => {
    const breaker = new Breaker(limits);
    expect(breaker.isPristine(0)).toBe(true);
    exchange(breaker, 0, 'failed', 10);
    expect(breaker.isPristine(100)).toBe(false);
    exchange(breaker, 100, 'answered');
    expect(breaker.isPristine(100)).toBe(true);
  });
});
