// `r1 COMMAND ...`: finds the command by name, prints one line for an error. Exit code 0 done, 1 error, 2 usage.
// Paper: none.
#include <cstdio>
#include <map>
#include <new>
#include <string>

#include "cli/command.h"

int main(int argc, char** argv) {
  CLI::App app{"r1: DeepSeek-R1 from scratch. `r1 COMMAND --help` shows examples.", "r1"};
  app.require_subcommand(1);
  std::map<std::string, std::function<int()>> actions;
  for (const auto& [name, command] : r1::Registry<r1::Command>::get().entries())
    actions[name] = command.setup(*app.add_subcommand(name, command.help));
  try {
    app.parse(argc, argv);
    return actions.at(app.get_subcommands().front()->get_name())();
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const r1::UsageError& e) {
    std::fprintf(stderr, "r1: %s\n", e.what());
    return 2;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "r1: out of memory\n");
    return 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "r1: %s\n", e.what());
    return 1;
  }
}
