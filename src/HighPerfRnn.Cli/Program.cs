using System.Text;
using HighPerfRnn.Cli;

// Scripts read what the tool prints, so that it is UTF-8 whatever the system's language says.
Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
return HprnnTool.Run(args, ToolContext.OfProcess());
