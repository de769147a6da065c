# One image for every role: `docker run galley watch`, `… work`, `… dashboard`, or `… run` for all in one.

FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Without scripts first: `prepare` builds, and the sources are not here yet, so that they can change without a new install.
RUN npm ci --ignore-scripts && npm rebuild
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20-slim
ENV NODE_ENV=production \
    GALLEY_INBOX=/inbox \
    GALLEY_OUT=/outbox/records.ndjson \
    GALLEY_STATE=/state
WORKDIR /app
# A named volume takes its owner from the image, so the folders exist before it is mounted.
RUN mkdir /inbox /outbox /state && chown node:node /inbox /outbox /state
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
EXPOSE 3080
# Asks the backend and prints what it knows: healthy means that this container could go on working. The dashboard,
# which has a port, is asked there instead (docker-compose.yml).
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s CMD ["node", "dist/cli.js", "status", "--json"]
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["run"]
