import type { Signal } from './signal.js';
import { body } from './signals/body.js';
import { coverage } from './signals/coverage.js';
import { picture } from './signals/picture.js';
import { provider } from './signals/provider.js';
import { title } from './signals/title.js';
import { topics } from './signals/topics.js';
import { type } from './signals/type.js';

/** Signals of quality, in the order of their lines in the record. They look at the article and its pictures alone. */
export const QUALITY_SIGNALS: readonly Signal[] = [topics, title, picture, provider, type, body];

/** Signals that heat adds to quality. They give no negative points. */
export const HEAT_SIGNALS: readonly Signal[] = [coverage];
