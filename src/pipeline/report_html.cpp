// The page: headline, tiles, figures, table, answers, configuration. One file, no network, no fonts, no library.
// Paper: [R1 Fig. 1], [R1 Fig. 8], [R1 Fig. 9].
#include "pipeline/report_html.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "base/log_progress.h"
#include "pipeline/report_figures.h"
#include "pipeline/report_samples.h"
#include "pipeline/report_svg.h"
#include "pipeline/report_table.h"

namespace r1 {
namespace {

std::string tile(const std::string& name, const std::string& value, const std::string& note) {
  return cat("<div class=\"tile\"><span>", name, "</span><b>", value, "</b><small>", note, "</small></div>\n");
}

std::string change_tile(const Run& run, const std::string& metric, const std::string& name, Unit unit) {
  const auto c = curve(run, metric);
  if (c.empty()) return "";
  const Point &a = c.front(), &b = c.back();
  std::string note;
  if (c.size() > 1) note = cat("from ", format_value(a.y, unit, true));
  if (unit == Unit::kNumber && a.y > 0 && c.size() > 1)
    note += cat(", × ", format_value(std::round(b.y / a.y * 10) / 10, Unit::kNumber, true));
  if (b.hi > b.lo) note += cat("<br>95%: ", format_value(b.lo, unit, true), " – ", format_value(b.hi, unit, true));
  return tile(name, format_value(b.y, unit, true), note);
}

std::string tiles(const Run& run) {
  const int64_t k = cons_k(run);
  std::string out = "<div class=\"tiles\">\n";
  out += change_tile(run, "eval/pass_at_1", "pass@1", Unit::kPercent);
  if (k > 0) out += change_tile(run, cat("eval/cons_at_", k), cat("cons@", k), Unit::kPercent);
  out += change_tile(run, "eval/format", "form", Unit::kPercent);
  out += change_tile(run, "eval/length", "length, tokens", Unit::kNumber);
  out += change_tile(run, "eval/reflective", "reflective words", Unit::kNumber);
  if (curve(run, "eval/pass_at_1").empty()) out += change_tile(run, "train/loss", "loss", Unit::kNumber);
  const MetricRow& last = run.rows.back();
  if (last.time_s > 0)
    out += tile("time", format_duration(last.time_s), cat(last.rollout, " rollouts<br>", last.update, " updates"));
  return out + "</div>\n";
}

std::string figure_html(const Figure& f, int number) {
  std::string out = cat("<figure class=\"card",
                        f.aside  ? " wide aside"
                        : f.wide ? " wide"
                                 : "",
                        "\"><h3>", html_escape(f.title), "</h3><div class=\"charts\">");
  for (Chart c : f.charts) {
    if (c.title == f.title) c.title.clear();  // said above already
    out += chart_html(c);
  }
  out += "</div><figcaption>";
  if (number > 0) out += cat("<b>Figure ", number, ".</b> ");
  out += html_escape(f.caption);
  if (!f.anchor.empty()) out += cat(" <span class=\"anchor\">", html_escape(f.anchor), "</span>");
  return out + "</figcaption></figure>\n";
}

std::string figures_html(const std::vector<Run>& runs) {
  std::string out = "<section id=\"figures\" class=\"grid\">\n";
  int number = 0;
  for (const Figure& f : figures(runs)) {
    out += figure_html(f, ++number);
    if (number == 1 && f.anchor == "[R1 Fig. 1]") out += figure_html(paper_figure(), ++number);
  }
  out += "</section>\n";
  const auto others = other_figures(runs);
  if (others.empty()) return out;
  out += cat("<details class=\"rest\"><summary>Every other metric of the run (", others.size(),
             ")</summary><div class=\"grid small\">\n");
  for (const Figure& f : others) out += figure_html(f, 0);
  return out + "</div></details>\n";
}

std::string table_html(const Table& table) {
  if (table.rows.empty()) return "";
  std::string out = cat("<section><h2>", html_escape(table.title), "</h2><div class=\"scroll\"><table><thead><tr>");
  for (const auto& h : table.header) out += cat("<th>", html_escape(h), "</th>");
  out += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) {
      const char* tag = i == 0 ? "th" : "td";
      out += cat("<", tag, ">", html_escape(row[i].text));
      if (!row[i].note.empty()) out += cat("<small>", html_escape(row[i].note), "</small>");
      out += cat("</", tag, ">");
    }
    out += "</tr>\n";
  }
  return out + cat("</tbody></table></div><p class=\"cap\">", html_escape(table.caption), "</p></section>\n");
}

std::string value_text(const Json& j) {
  if (j.is_string()) return j.get<std::string>();
  return j.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void flatten(const Json& j, const std::string& prefix, std::string& rows) {
  for (const auto& [key, value] : j.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (value.is_object())
      flatten(value, name, rows);
    else
      rows += cat("<tr><th>", html_escape(name), "</th><td>", html_escape(value_text(value)), "</td></tr>\n");
  }
}

std::string config_html(const Run& run, bool several) {
  if (run.config.empty()) return "";
  std::string command, machine, rows, out;
  if (const auto it = run.config.find("command"); it != run.config.end()) {
    if (it->is_array())
      for (const Json& part : *it) command += cat(command.empty() ? "" : " ", value_text(part));
    else
      command = value_text(*it);
  }
  if (const auto it = run.config.find("machine"); it != run.config.end() && it->is_object()) flatten(*it, "", machine);
  Json rest = run.config;
  rest.erase("command");
  rest.erase("machine");
  flatten(rest, "", rows);
  out += cat("<section id=\"config\"><h2>How it was made", several ? cat(": ", html_escape(run.name)) : "", "</h2>\n");
  if (!command.empty()) out += cat("<p class=\"cap\">The exact command:</p><pre>", html_escape(command), "</pre>\n");
  if (!machine.empty())
    out += cat("<p class=\"cap\">Code, compiler and machine:</p><div class=\"scroll\"><table class=\"kv\">", machine,
               "</table></div>\n");
  return out + cat("<details><summary>Configuration</summary><div class=\"scroll\"><table class=\"kv\">", rows,
                   "</table></div></details></section>\n");
}

std::string headline(const std::vector<Run>& runs) {
  const auto pass = curve(runs[0], "eval/pass_at_1");
  if (runs.size() > 1) {
    std::string out = "A comparison of ";
    for (size_t i = 0; i < runs.size(); ++i)
      out += cat(i == 0                 ? ""
                 : i + 1 == runs.size() ? " and "
                                        : ", ",
                 "<span class=\"run\" style=\"--c:var(--c", i % 6 + 1, ")\">", html_escape(runs[i].name), "</span>");
    return out + ".";
  }
  if (pass.size() < 2) return "A run of r1.";
  return cat("From ", format_value(pass.front().y, Unit::kPercent, true), " to ",
             format_value(pass.back().y, Unit::kPercent, true), " of held-out problems solved, in ",
             static_cast<int64_t>(pass.back().x - pass.front().x), " policy updates.");
}

}  // namespace

std::string report_html(const std::vector<Run>& runs) {
  R1_CHECK(!runs.empty(), "report: no run");
  std::string title = runs[0].name, body;
  for (size_t i = 1; i < runs.size(); ++i) title += cat(" · ", runs[i].name);
  body += cat("<header class=\"top\"><p class=\"kicker\">r1.cpp · report of a run</p><h1>", html_escape(title),
              "</h1><p class=\"lead\">", headline(runs), "</p></header>\n");
  if (runs.size() == 1) body += tiles(runs[0]);
  body += figures_html(runs);
  body += table_html(runs.size() == 1 ? level_table(runs[0]) : run_table(runs));
  for (const Run& run : runs) body += runs.size() == 1 ? samples_html(run) : "";
  for (const Run& run : runs) body += config_html(run, runs.size() > 1);
  std::string warnings;
  for (const Run& run : runs)
    for (const auto& w : run.warnings)
      warnings += cat("<li>", html_escape(runs.size() > 1 ? run.name + ": " + w : w), "</li>\n");
  if (!warnings.empty()) body += cat("<section class=\"warn\"><h2>Not shown</h2><ul>", warnings, "</ul></section>\n");
  return cat(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src "
      "'unsafe-inline'; img-src data:\">\n<title>",
      html_escape(title), " – r1 report</title>\n<style>", report_style(), "</style></head>\n<body><main>\n", body,
      "<footer>Made by <code>r1 report</code> from metrics.jsonl, samples.jsonl and config.json; anchors name "
      "sections, "
      "equations and figures of the papers (R1: arXiv 2501.12948 v2, R1v1: its first version, DSM: arXiv "
      "2402.03300).</footer>\n</main>\n<script>",
      report_script(), "</script></body></html>\n");
}

}  // namespace r1
