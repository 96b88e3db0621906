// old_reader.js DATABASE QUESTIONS: asks the questions of a JSON file ([[name, sql, parameters]...]) with SQLite 3.28, and
// prints {version, check, answers: {name: rows}}.
const fs = require("fs");
const path = require("path");
const module_path = path.join(__dirname, "..", "..", "build", "old-sqlite", "node_modules", "sql.js", "dist", "sql-wasm.js");

require(module_path)({ wasmBinary: fs.readFileSync(module_path.replace(/js$/, "wasm")) }).then((SQL) => {
    const db = new SQL.Database(fs.readFileSync(process.argv[2]));
    const one = (sql) => db.exec(sql)[0].values[0][0];
    const answers = {};
    for (const [name, sql, parameters] of JSON.parse(fs.readFileSync(process.argv[3], "utf8"))) {
        const statement = db.prepare(sql);
        const rows = [];
        statement.bind(Object.fromEntries(parameters.map((p) => [p, null])));
        while (statement.step()) {
            rows.push(statement.get());
        }
        statement.free();
        answers[name] = rows;
    }
    process.stdout.write(JSON.stringify({
        version: one("SELECT sqlite_version()"), check: one("PRAGMA integrity_check"), answers }));
}).catch((error) => {
    process.stderr.write(`${error}\n`);
    process.exit(1);
});
