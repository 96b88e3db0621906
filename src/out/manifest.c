#include "out/manifest.h"

#include "out/json_out.h"

static void write_run(struct json_out *o, const struct status_run *run)
{
    if (run->run_id == 0) {
        json_out_null(o, "run");
        return;
    }
    json_out_flat_object(o, "run");
    json_out_int(o, "run_id", run->run_id);
    json_out_text(o, "started_at", run->started_at);
    json_out_text(o, "ended_at", run->ended_at);
    json_out_text(o, "planned_until", run->planned_until);
    json_out_text(o, "exit_name", run->exit_name);
    json_out_end(o);
}

/* whole_to: the stream is read without a hole up to this instant; whole_to_day: the last business
 * day of those that are whole one after another from first_day on. */
static void write_stream(struct json_out *o, const struct status_stream *stream)
{
    json_out_flat_object(o, NULL);
    json_out_text(o, "stream", stream->facts->name);
    json_out_text(o, "whole_to", stream->complete_to);
    json_out_text(o, "first_day", stream->first_day);
    json_out_text(o, "whole_to_day", stream->whole_to_day);
    json_out_end(o);
}

static void write_file(struct json_out *o, const struct export_file *file)
{
    json_out_flat_object(o, NULL);
    json_out_text(o, "name", file->relation);
    json_out_text(o, "file", file->name);
    json_out_int(o, "rows", (int64_t)file->rows);
    json_out_int(o, "bytes", (int64_t)file->bytes);
    json_out_end(o);
}

void manifest_write(const struct export_request *request, const struct export_result *result,
                    const struct status *status, FILE *out)
{
    struct json_out o = {.file = out};

    json_out_object(&o, NULL);
    json_out_text(&o, "program", "rollcall " ROLLCALL_VERSION);
    json_out_int(&o, "schema_version", status->schema_version);
    write_run(&o, &status->last_run);
    json_out_text(&o, "since", request->since_day);
    json_out_array(&o, "streams");
    for (size_t i = 0; i < status->stream_count; i++) {
        write_stream(&o, &status->streams[i]);
    }
    json_out_end(&o);
    json_out_array(&o, "files");
    for (size_t i = 0; i < result->count; i++) {
        write_file(&o, &result->files[i]);
    }
    json_out_end(&o);
    json_out_end(&o);
}
