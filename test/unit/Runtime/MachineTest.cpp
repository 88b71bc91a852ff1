//===- MachineTest.cpp - What the program finds out about its machine -----===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "Format.h"
#include "Json.h"
#include "Model.h"

#include "hone/Support/ProgramCheck.h"

#include <cstdlib>
#include <elf.h>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>

using namespace hone;
using namespace hone::rt;

TEST(MachineTest, ControlGroupLimits) {
  std::string root = testing::TempDir() + "hone-cgroup-" + std::to_string(::getpid());
  auto write = [&](const std::string &folder, const std::string &name, const std::string &text) {
    std::string command = "mkdir -p '" + root + folder + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    std::ofstream(root + folder + "/" + name) << text;
  };
  EXPECT_EQ(cgroupCPUs("0::/\n", root), 0);
  write("/a/b", "cpu.max", "max 100000\n");
  EXPECT_EQ(cgroupCPUs("0::/a/b\n", root), 0);
  write("/a", "cpu.max", "350000 100000\n");
  EXPECT_EQ(cgroupCPUs("0::/a/b\n", root), 4) << "of the group above, rounded";
  write("/a/b", "cpu.max", "20000 100000\n");
  EXPECT_EQ(cgroupCPUs("0::/a/b\n", root), 1) << "never none";
  // Version 1, where the hierarchy is named by its controller.
  write("/cpu/x", "cpu.cfs_quota_us", "-1\n");
  write("/cpu/x", "cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cgroupCPUs("5:memory:/x\n3:cpu,cpuacct:/x\n", root), 0);
  write("/cpu/x", "cpu.cfs_quota_us", "200000\n");
  EXPECT_EQ(cgroupCPUs("5:memory:/x\n3:cpu,cpuacct:/x\n", root), 2);
  EXPECT_EQ(cgroupCPUs("garbage\n3\n::\n", root), 0);
  std::string command = "rm -r '" + root + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_GE(usableCPUs(), 1);
}

TEST(MachineTest, AProgramCutShortIsNoticed) {
  Elf64_Phdr headers[3] = {};
  headers[0].p_type = PT_LOAD;
  headers[0].p_offset = 0, headers[0].p_filesz = 1000;
  headers[1].p_type = PT_LOAD;
  headers[1].p_offset = 4096, headers[1].p_filesz = 5000;
  headers[2].p_type = PT_NOTE;
  headers[2].p_offset = 1 << 20, headers[2].p_filesz = 5000;
  EXPECT_FALSE(checkProgramSize(headers, 3, 9096));
  Status failed = checkProgramSize(headers, 3, 9095);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->message(),
            "the file is cut short: expected at least 9,096 bytes, got 9,095; copy or compile it again");
  EXPECT_FALSE(checkProgramFile());
}

TEST(MachineTest, NumbersInMessages) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(bytesText(999), "999 bytes");
  EXPECT_EQ(bytesText(1536000), "1.5 MB");
}

TEST(MachineTest, Json) {
  JsonWriter json;
  json.beginObject();
  json.string("text", "a\"b\\c\n\xc3\xa9\xff\xe2\x82");
  json.real("rate", 1.25, 1);
  json.real("none", 0.0 / 0.0, 1);
  json.beginArray("list");
  json.whole("", 1);
  json.boolean("", true);
  json.endArray();
  json.beginArray("empty");
  json.endArray();
  json.endObject();
  EXPECT_EQ(json.take(),
            "{\n  \"text\": \"a\\\"b\\\\c\\u000a\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\n"
            "  \"rate\": 1.2,\n  \"none\": null,\n  \"list\": [\n    1,\n    true\n  ],\n  \"empty\": []\n}\n");
}
