import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadProfile } from '../../src/shared/config/profile-file.js';
import { resolveSettings } from '../../src/shared/config/resolve.js';
import { UsageError } from '../../src/shared/errors/errors.js';
import { defaultProfile } from '../../src/shared/scoring/default-profile.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'galley-profile-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function profileFile(text: string): string {
  const file = path.join(folder, 'profile.json');
  writeFileSync(file, text);
  return file;
}

describe('a profile file', () => {
  it('may say some weights; the others have their defaults', () => {
    const file = profileFile('{"name": "mine", "title": {"perStep": -2}}');
    const profile = loadProfile(file);
    expect(profile).toEqual({
      ...defaultProfile,
      name: 'mine',
      title: { ...defaultProfile.title, perStep: -2 },
    });
  });

  it.each([
    ['{"tilte": {}}', /: tilte: there is no such key; did you mean title\?$/],
    ['{"topics": {"frist": 1}}', /: topics\.frist: there is no such key; did you mean first\?$/],
    ['{"title": {"perStep": 0.5}}', /: title\.perStep: .+$/],
    ['{"picture": {"fit": -1}}', /: picture\.fit: .+$/],
    ['[]', /profile\.json: .+$/],
    ['{', /not JSON/],
  ])('%s is refused in one line that names file and key', (text, line) => {
    const file = profileFile(text);
    const load = (): unknown => loadProfile(file);
    expect(load).toThrow(UsageError);
    expect(load).toThrow(line);
    expect(load).toThrow(file);
  });

  it('that is not there is told by its name', () => {
    expect(() => loadProfile(path.join(folder, 'none.json'))).toThrow(/none\.json cannot be read/);
  });
});

describe('the key scoring of the config file', () => {
  const settings = (scoring: unknown): unknown =>
    resolveSettings({ flags: {}, env: {}, file: { path: 'c.json', data: { scoring } } }).scoring;

  it('may change one weight, add providers and topics, and set the threshold', () => {
    const scoring = {
      publishThreshold: 60,
      provider: { known: ['harbour.example'] },
      topics: { valued: { Ferries: 5 } },
    };
    expect(settings(scoring)).toEqual({
      ...defaultProfile,
      publishThreshold: 60,
      provider: { ...defaultProfile.provider, known: ['harbour.example'] },
      topics: { ...defaultProfile.topics, valued: { Ferries: 5 } },
    });
  });

  it('names an unknown key with its group and the nearest right one', () => {
    expect(() => settings({ title: { perStpe: 1 } })).toThrow(
      'c.json: scoring.title.perStpe: there is no such key; did you mean perStep?',
    );
  });
});
