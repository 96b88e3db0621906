// Runs statements in an engine: engines.js duckdb|chdb MODULE, the statements as a JSON array on standard input; prints an array of
// the first row of each, its values as texts.
"use strict";
const [engine, path] = process.argv.slice(2);
const statements = JSON.parse(require("fs").readFileSync(0, "utf8"));
const text = (value) => (value === null || value === undefined ? null : String(value));

const engines = {
    async duckdb({ DuckDBInstance }) {
        const connection = await (await DuckDBInstance.create(":memory:")).connect();
        const rows = [];
        for (const sql of statements) {
            rows.push((await connection.runAndReadAll(sql)).getRowsJson()[0]);
        }
        return rows;
    },
    async chdb({ query }) {
        return statements.map((sql) => JSON.parse(query(sql, "JSONCompact")).data[0]);
    },
};

engines[engine](require(path)).then(
    (rows) => process.stdout.write(JSON.stringify(rows.map((row) => row.map(text)))),
    (error) => {
        process.stderr.write(`${error}\n`);
        process.exit(1);
    });
