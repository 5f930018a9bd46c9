// Which file describes a module: found by build-id, never by luck, and when
// there is none the answer gets poorer and one line says what to do.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "lib/symbolize/symbol_files.h"
#include "lib/symbolize/symbolize.h"
#include "tests/symbolize/walked_program.h"

namespace lockcheck::symbolize {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Files : public ::testing::Test {
 protected:
  Files() {
    std::string name = (fs::temp_directory_path() / "symbolsXXXXXX").string();
    folder_ = mkdtemp(name.data());
    walked_ = RunProgram(ProgramPath("stripped"));
  }
  ~Files() override { fs::remove_all(folder_); }

  // Copies a program to `place` below the test's folder.
  std::string Put(const std::string& program, const std::string& place) {
    const fs::path target = folder_ / place;
    fs::create_directories(target.parent_path());
    fs::copy_file(ProgramPath(program), target,
                  fs::copy_options::overwrite_existing);
    return target.string();
  }

  // The stripped program as recorded, not at its path any more.
  log::Module Vanished() {
    log::Module module = RecordedModule(ProgramPath("stripped"));
    module.path = (folder_ / "gone/bin/program").string();
    return module;
  }

  // The function at the first place the stripped program tells of.
  const SymbolizedFrame& FindFirst(Symbolizer& symbolizer) {
    return symbolizer.Find({0, walked_.chains.at(0).offset}, true);
  }
  void ExpectLines(Symbolizer& symbolizer) {
    const SymbolizedFrame& found = FindFirst(symbolizer);
    ASSERT_THAT(found.frames, SizeIs(2));
    EXPECT_EQ(found.frames[1].function, "bank::Plain");
    EXPECT_EQ(found.frames[1].line, walked_.chains[0].frames[1].line);
  }
  void ExpectOffsetOnly(Symbolizer& symbolizer) {
    const SymbolizedFrame& found = FindFirst(symbolizer);
    EXPECT_THAT(found.frames, IsEmpty());
    EXPECT_EQ(found.offset, walked_.chains[0].offset);
    EXPECT_THAT(found.module, Not(IsEmpty()));
  }

  fs::path folder_;
  WalkedProgram walked_;
};

TEST_F(Files, InASubfolderOfASymbolFolderAreFoundByBuildId) {
  Put("only_debug", "symbols/any/name");
  Put("without_debug", "symbols/program");  // same name, other build-id
  Symbolizer symbolizer({Vanished()}, {(folder_ / "symbols").string()});
  ExpectLines(symbolizer);
  EXPECT_THAT(symbolizer.warnings(), IsEmpty());
}

TEST_F(Files, InTheBuildIdLayoutAreFound) {
  const std::string id = Vanished().build_id;
  Put("only_debug",
      ".build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug");
  Symbolizer symbolizer({Vanished()}, {folder_.string()});
  ExpectLines(symbolizer);
}

TEST_F(Files, OfTheSystemsDebugFolderAreFound) {
  const std::string id = Vanished().build_id;
  Put("only_debug",
      ".build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug");
  SymbolFileFinder finder({}, folder_.string());
  EXPECT_NE(finder.Find(Vanished()).debug, nullptr);
}

TEST_F(Files, NamedByADebugLinkAreFoundBesideTheProgram) {
  log::Module module = Vanished();
  module.path = Put("stripped", "bin/program");
  Put("only_debug", "bin/only_debug");
  Symbolizer symbolizer({module}, {});
  ExpectLines(symbolizer);
  EXPECT_THAT(symbolizer.warnings(), IsEmpty());
}

TEST_F(Files, NamedByADebugLinkAreFoundInTheDebugSubfolder) {
  log::Module module = Vanished();
  module.path = Put("stripped", "bin/program");
  Put("only_debug", "bin/.debug/only_debug");
  Symbolizer symbolizer({module}, {});
  ExpectLines(symbolizer);
}

TEST_F(Files, NamedByADebugLinkButOfAnotherProgramAreNotTaken) {
  log::Module module = Vanished();
  module.path = Put("stripped", "bin/program");
  Put("gxx_o2_dwarf5", "bin/only_debug");
  Symbolizer symbolizer({module}, {});
  ExpectOffsetOnly(symbolizer);
}

TEST_F(Files, ThatWereBuiltAgainAreNotTakenAndTheWarningSaysWhatToDo) {
  log::Module module = Vanished();
  module.path = Put("without_debug", "bin/program");
  Symbolizer symbolizer({module}, {});
  ExpectOffsetOnly(symbolizer);
  EXPECT_THAT(symbolizer.warnings(),
              ElementsAre(AllOf(HasSubstr(module.path),
                                HasSubstr("recorded " + module.build_id),
                                HasSubstr("--symbols DIR"))));
}

TEST_F(Files, ThatAreMissingLeaveModuleAndOffset) {
  Symbolizer symbolizer({Vanished()}, {});
  ExpectOffsetOnly(symbolizer);
  ExpectOffsetOnly(symbolizer);
  EXPECT_THAT(symbolizer.warnings(),
              ElementsAre(AllOf(HasSubstr("gone/bin/program"),
                                HasSubstr("--symbols DIR"))));
}

TEST_F(Files, RecordedTwiceAreWarnedOfOnce) {
  Symbolizer symbolizer({Vanished(), Vanished()}, {});
  symbolizer.Find({0, 0x10}, true);
  symbolizer.Find({1, 0x10}, true);
  EXPECT_THAT(symbolizer.warnings(), SizeIs(1));
}

TEST_F(Files, ThatAreNoProgramsLeaveModuleAndOffset) {
  log::Module text = Vanished(), folder = Vanished(), empty = Vanished();
  text.path = (folder_ / "text").string();
  folder.path = folder_.string();
  empty.path = (folder_ / "empty").string();
  std::ofstream(text.path) << "not a program\n";
  std::ofstream(empty.path).flush();
  for (const log::Module& module : {text, folder, empty}) {
    SCOPED_TRACE(module.path);
    Symbolizer symbolizer({module}, {});
    ExpectOffsetOnly(symbolizer);
    EXPECT_THAT(symbolizer.warnings(), ElementsAre(HasSubstr(module.path)));
  }
}

TEST_F(Files, WithoutABuildIdAreTakenOnTrustWithAWarning) {
  const std::string path = ProgramPath("without_build_id");
  const WalkedProgram walked = RunProgram(path);
  Symbolizer symbolizer({RecordedModule(path)}, {});
  const SymbolizedFrame& found =
      symbolizer.Find({0, walked.chains.at(0).offset}, true);
  ASSERT_THAT(found.frames, SizeIs(2));
  EXPECT_EQ(found.frames[1].line, walked.chains[0].frames[1].line);
  EXPECT_THAT(symbolizer.warnings(),
              ElementsAre(AllOf(HasSubstr(path), HasSubstr("--build-id"))));
}

TEST_F(Files, WithoutDebugInformationGiveTheFunctionsName) {
  const std::string path = ProgramPath("without_debug");
  const WalkedProgram walked = RunProgram(path);
  Symbolizer symbolizer({RecordedModule(path)}, {});
  const SymbolizedFrame& found =
      symbolizer.Find({0, walked.chains.at(0).offset}, true);
  ASSERT_THAT(found.frames, SizeIs(1));
  EXPECT_EQ(found.frames[0].function, "bank::Plain");
  EXPECT_EQ(found.frames[0].line, 0);
  EXPECT_THAT(symbolizer.warnings(),
              ElementsAre(AllOf(HasSubstr(path), HasSubstr("-g"))));
}

TEST_F(Files, OfTheSystemGiveExportedNamesWithoutAWarning) {
  Dl_info libc;
  ASSERT_NE(dladdr(reinterpret_cast<const void*>(&getppid), &libc), 0);
  const uint64_t offset = reinterpret_cast<uintptr_t>(libc.dli_saddr) -
                          reinterpret_cast<uintptr_t>(libc.dli_fbase);
  Symbolizer symbolizer({RecordedModule(libc.dli_fname)}, {});
  const SymbolizedFrame& found = symbolizer.Find({0, offset}, false);
  ASSERT_THAT(found.frames, SizeIs(1));
  EXPECT_EQ(found.frames[0].function, "getppid");
  EXPECT_THAT(symbolizer.warnings(), IsEmpty());
}

TEST_F(Files, OfNoModuleLeaveTheAddress) {
  Symbolizer symbolizer({}, {});
  EXPECT_THAT(symbolizer.Find({log::kNone, 0x1234}, true).frames, IsEmpty());
  EXPECT_EQ(symbolizer.Find({7, 0x1234}, true).offset, 0x1234u);
  EXPECT_THAT(symbolizer.warnings(), IsEmpty());
}

TEST_F(Files, AtAnyAddressGiveAnAnswer) {
  Symbolizer symbolizer({RecordedModule(ProgramPath("stripped"))},
                        {SYMBOLIZE_PROGRAMS});
  for (uint64_t offset :
       {uint64_t{0}, uint64_t{1}, UINT64_MAX - 1, UINT64_MAX}) {
    EXPECT_THAT(symbolizer.Find({0, offset}, true).frames, IsEmpty());
    EXPECT_THAT(symbolizer.Find({0, offset}, false).frames, IsEmpty());
  }
}

}  // namespace
}  // namespace lockcheck::symbolize
