/** Whether a host is the domain or under it: `blog.example.com` and `example.com` are within `example.com`. */
export function isWithin(host: string, domain: string): boolean {
  const [inner, outer] = [withoutWww(host), withoutWww(domain)];
  return inner === outer || inner.endsWith(`.${outer}`);
}

function withoutWww(host: string): string {
  return host.toLowerCase().replace(/^www\./, '');
}
